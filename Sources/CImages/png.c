#include "cimages.h"
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const uint8_t *bytes;
  size_t count, next;
  // The most that libpng may ask for at once.
  size_t most;
} source;

typedef struct {
  uint8_t *bytes;
  size_t count, capacity;
} sink;

static void on_error(png_structp png, png_const_charp message) {
  fx_picture *picture = png_get_error_ptr(png);
  snprintf(picture->message, sizeof picture->message, "%s", message);
  longjmp(png_jmpbuf(png), 1);
}

// Of what can be read all the same libpng only warns: a wrong checksum in a comment, a colour profile it does not like.
static void on_warning(png_structp png, png_const_charp message) { (void)png, (void)message; }

static void take(png_structp png, png_bytep out, size_t count) {
  source *from = png_get_io_ptr(png);
  if (count > from->count - from->next) png_error(png, "it ends before its picture does");
  memcpy(out, from->bytes + from->next, count);
  from->next += count;
}

// A chunk is kept in memory of the size that it claims, before it is seen that the file ends sooner.
static png_voidp allocate(png_structp png, png_alloc_size_t size) {
  source *from = png_get_mem_ptr(png);
  return size > from->most ? NULL : malloc(size);
}
static void release(png_structp png, png_voidp memory) {
  (void)png;
  free(memory);
}

static int orientation(png_structp png, png_infop info) {
#ifdef PNG_eXIf_SUPPORTED
  png_uint_32 count = 0;
  png_bytep exif = NULL;
  if (png_get_eXIf_1(png, info, &count, &exif) && exif) return fx_exif_orientation(exif, count);
#endif
  (void)png, (void)info;
  return 1;
}

// The header, and the pixels too where there is a place for them.
static int read_png(const uint8_t *bytes, size_t count, fx_picture *picture, uint8_t *pixels) {
  source from = {bytes, count, 0, count + (1 << 20)};
  png_structp png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, picture, on_error, on_warning, &from, allocate, release);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info) {
    png_destroy_read_struct(&png, NULL, NULL);
    snprintf(picture->message, sizeof picture->message, "there is no memory to read it");
    return 0;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return 0;
  }
  png_set_read_fn(png, &from, take);
  // Whoever calls looks at the sizes.
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
  png_set_chunk_malloc_max(png, 1 << 20);
  png_set_chunk_cache_max(png, 64);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
  png_read_info(png, info);
  int color = png_get_color_type(png, info), hides = png_get_valid(png, info, PNG_INFO_tRNS) != 0;
  picture->width = png_get_image_width(png, info);
  picture->height = png_get_image_height(png, info);
  picture->bits = png_get_bit_depth(png, info) == 16 ? 16 : 8;
  picture->channels = (color & PNG_COLOR_MASK_COLOR ? 3 : 1) + (color & PNG_COLOR_MASK_ALPHA || hides ? 1 : 0);
  picture->orientation = orientation(png, info);
  // Only now: libpng makes room for a row.
  if (pixels) {
    from.most = SIZE_MAX;
    // Palettes to RGB, 1, 2 and 4 bits to 8, transparent colours to alpha.
    png_set_expand(png);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (picture->bits == 16) png_set_swap(png);
#endif
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    size_t row = (size_t)picture->width * picture->channels * (picture->bits / 8);
    if (png_get_rowbytes(png, info) != row) png_error(png, "its rows are not as its header says");
    for (int pass = 0; pass < passes; pass++)
      for (int64_t y = 0; y < picture->height; y++) png_read_row(png, pixels + (size_t)y * row, NULL);
    png_read_end(png, info);
    // It may stand behind the pixels.
    picture->orientation = orientation(png, info);
  }
  png_destroy_read_struct(&png, &info, NULL);
  return 1;
}

int fx_png_header(const uint8_t *bytes, size_t count, fx_picture *picture) { return read_png(bytes, count, picture, NULL); }

int fx_png_read(const uint8_t *bytes, size_t count, fx_picture *picture, uint8_t *pixels) {
  fx_picture expected = *picture;
  if (!read_png(bytes, count, picture, pixels)) return 0;
  return picture->width == expected.width && picture->height == expected.height;
}

static void put(png_structp png, png_bytep bytes, size_t count) {
  sink *to = png_get_io_ptr(png);
  if (count > to->capacity - to->count) {
    size_t capacity = to->count + count + to->capacity / 2 + 4096;
    uint8_t *larger = realloc(to->bytes, capacity);
    if (!larger) png_error(png, "there is no memory to write it");
    to->bytes = larger;
    to->capacity = capacity;
  }
  memcpy(to->bytes + to->count, bytes, count);
  to->count += count;
}

static void flush(png_structp png) { (void)png; }

static int write_png(fx_picture *picture, const uint8_t *pixels, sink *to) {
  static const int colors[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, picture, on_error, on_warning);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info) {
    png_destroy_write_struct(&png, NULL);
    snprintf(picture->message, sizeof picture->message, "there is no memory to write it");
    return 0;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    return 0;
  }
  png_set_write_fn(png, to, put, flush);
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
  png_set_IHDR(
      png, info, (png_uint_32)picture->width, (png_uint_32)picture->height, picture->bits, colors[picture->channels], PNG_INTERLACE_NONE,
      PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (picture->bits == 16) png_set_swap(png);
#endif
  size_t row = (size_t)picture->width * picture->channels * (picture->bits / 8);
  for (int64_t y = 0; y < picture->height; y++) png_write_row(png, pixels + (size_t)y * row);
  png_write_end(png, NULL);
  png_destroy_write_struct(&png, &info);
  return 1;
}

int fx_png_write(fx_picture *picture, const uint8_t *pixels, uint8_t **bytes, size_t *count) {
  sink to = {NULL, 0, 0};
  int is_written = write_png(picture, pixels, &to);
  *bytes = to.bytes;
  *count = to.count;
  return is_written;
}
