// jpeglib.h wants size_t and FILE.
#include <stdio.h>
#include "cimages.h"
#include <jpeglib.h>
#include <jerror.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  struct jpeg_error_mgr manager;
  jmp_buf target;
  fx_picture *picture;
} errors;

static void stop(j_common_ptr info) {
  errors *e = (errors *)info->err;
  char text[JMSG_LENGTH_MAX];
  info->err->format_message(info, text);
  snprintf(e->picture->message, sizeof e->picture->message, "%s", text);
  longjmp(e->target, 1);
}

// Where data end too soon the decoder warns, and makes up the rest in gray.
static void heed(j_common_ptr info, int level) {
  if (level < 0 && (info->err->msg_code == JWRN_JPEG_EOF || info->err->msg_code == JWRN_HIT_MARKER)) stop(info);
}

static void say_nothing(j_common_ptr info) { (void)info; }

// A small file may claim any number of passes over a large picture.
static void watch(j_common_ptr info) {
  if (info->is_decompressor && ((j_decompress_ptr)info)->input_scan_number > 100) {
    errors *e = (errors *)info->err;
    snprintf(e->picture->message, sizeof e->picture->message, "it has more than 100 scans");
    longjmp(e->target, 1);
  }
}

static void prepare(errors *e, fx_picture *picture) {
  jpeg_std_error(&e->manager);
  e->manager.error_exit = stop;
  e->manager.emit_message = heed;
  e->manager.output_message = say_nothing;
  e->picture = picture;
}

static int read_jpeg(const uint8_t *bytes, size_t count, fx_picture *picture, uint8_t *pixels) {
  struct jpeg_decompress_struct info;
  struct jpeg_progress_mgr progress = {.progress_monitor = watch};
  errors e;
  // One that longjmp may find changed.
  uint8_t *volatile line = NULL;
  memset(&info, 0, sizeof info);
  prepare(&e, picture);
  info.err = &e.manager;
  if (setjmp(e.target)) {
    free(line);
    jpeg_destroy_decompress(&info);
    return 0;
  }
  jpeg_create_decompress(&info);
  info.progress = &progress;
  jpeg_mem_src(&info, bytes, count);
  jpeg_save_markers(&info, JPEG_APP0 + 1, 0xffff);
  jpeg_read_header(&info, TRUE);
  int is_ink = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  if (info.jpeg_color_space == JCS_UNKNOWN) {
    snprintf(picture->message, sizeof picture->message, "%d channels of no known colour space; gray, RGB, YCbCr, CMYK or YCCK would fit", info.num_components);
    longjmp(e.target, 1);
  }
  info.out_color_space = is_ink ? JCS_CMYK : info.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  picture->width = info.image_width;
  picture->height = info.image_height;
  picture->channels = info.num_components == 1 ? 1 : 3;
  picture->bits = 8;
  picture->orientation = 1;
  for (jpeg_saved_marker_ptr marker = info.marker_list; marker; marker = marker->next)
    if (marker->data_length > 6 && memcmp(marker->data, "Exif\0\0", 6) == 0)
      picture->orientation = fx_exif_orientation(marker->data, marker->data_length);
  if (pixels) {
    // Coefficients of a progressive picture lie in memory: six bytes a pixel, as the caller expects.
    jpeg_start_decompress(&info);
    size_t row = (size_t)info.output_width * picture->channels;
    if (is_ink) line = malloc((size_t)info.output_width * 4);
    if (is_ink && !line) ERREXIT1(&info, JERR_OUT_OF_MEMORY, 0);
    while (info.output_scanline < info.output_height) {
      uint8_t *out = pixels + info.output_scanline * row;
      JSAMPROW rows[1] = {is_ink ? line : out};
      jpeg_read_scanlines(&info, rows, 1);
      if (!is_ink) continue;
      // Inks are written inverted, as Adobe does it: 255 is paper.
      for (size_t i = 0; i < info.output_width; i++)
        for (int c = 0; c < 3; c++) {
          int ink = 255 - line[4 * i + c], black = line[4 * i + 3], product = ink * black + 128;
          out[3 * i + c] = (uint8_t)(black - ((product + (product >> 8)) >> 8));
        }
    }
    jpeg_finish_decompress(&info);
  }
  free(line);
  jpeg_destroy_decompress(&info);
  return 1;
}

int fx_jpeg_header(const uint8_t *bytes, size_t count, fx_picture *picture) { return read_jpeg(bytes, count, picture, NULL); }
int fx_jpeg_read(const uint8_t *bytes, size_t count, fx_picture *picture, uint8_t *pixels) {
  return read_jpeg(bytes, count, picture, pixels);
}

int fx_jpeg_write(fx_picture *picture, const uint8_t *pixels, uint8_t **bytes, size_t *count) {
  struct jpeg_compress_struct info;
  errors e;
  unsigned char *memory = NULL;
  unsigned long size = 0;
  *bytes = NULL;
  *count = 0;
  memset(&info, 0, sizeof info);
  prepare(&e, picture);
  info.err = &e.manager;
  if (setjmp(e.target)) {
    jpeg_destroy_compress(&info);
    return 0;
  }
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &memory, &size);
  info.image_width = (JDIMENSION)picture->width;
  info.image_height = (JDIMENSION)picture->height;
  info.input_components = picture->channels;
  info.in_color_space = picture->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, picture->quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  size_t row = (size_t)picture->width * picture->channels;
  while (info.next_scanline < info.image_height) {
    JSAMPROW rows[1] = {(JSAMPROW)(pixels + info.next_scanline * row)};
    jpeg_write_scanlines(&info, rows, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  *bytes = memory;
  *count = size;
  return 1;
}

void fx_picture_free(uint8_t *bytes) { free(bytes); }
