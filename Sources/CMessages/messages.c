#define _GNU_SOURCE
#include "CMessages.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void fxm_yield(void) { sched_yield(); }

void fxm_sleep(int microseconds) {
  struct timespec time = {microseconds / 1000000, (long)(microseconds % 1000000) * 1000};
  nanosleep(&time, NULL);
}

static void copy_text(char *target, int capacity, const char *text) {
  if (capacity < 1) return;
  strncpy(target, text, (size_t)capacity - 1);
  target[capacity - 1] = 0;
}

#ifdef FLUXION_HAS_MPI

#include <mpi.h>
#include <signal.h>
#include <unistd.h>

static MPI_Comm channels[4];
static int is_running, is_broken, own_rank, process_count;

struct fxm_request {
  MPI_Request request;
};

int fxm_has_mpi(void) { return 1; }

void fxm_version(char *text, int capacity) {
  char version[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  if (MPI_Get_library_version(version, &length) != MPI_SUCCESS) length = 0;
  version[length < MPI_MAX_LIBRARY_VERSION_STRING ? length : MPI_MAX_LIBRARY_VERSION_STRING - 1] = 0;
  for (int i = 0; version[i]; i++)
    if (version[i] == '\n' || version[i] == ',') version[i] = 0;
  copy_text(text, capacity, version);
}

void fxm_error(int error, char *text, int capacity) {
  char sentence[MPI_MAX_ERROR_STRING];
  int length = 0;
  if (MPI_Error_string(error, sentence, &length) != MPI_SUCCESS) strcpy(sentence, "an error without a sentence");
  copy_text(text, capacity, sentence);
}

int fxm_begin(int *rank, int *count) {
  int error, is_initialized = 0;
  if ((error = MPI_Initialized(&is_initialized))) return error;
  if (!is_initialized) {
    int provided;
    if ((error = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided))) return error;
  }
  for (int i = 0; i < 4; i++) {
    if ((error = MPI_Comm_dup(MPI_COMM_WORLD, &channels[i]))) return error;
    MPI_Comm_set_errhandler(channels[i], MPI_ERRORS_RETURN);
  }
  if ((error = MPI_Comm_rank(MPI_COMM_WORLD, &own_rank))) return error;
  if ((error = MPI_Comm_size(MPI_COMM_WORLD, &process_count))) return error;
  *rank = own_rank;
  *count = process_count;
  is_running = 1;
  return 0;
}

int fxm_is_running(void) { return is_running; }
void fxm_set_broken(void) { is_broken = 1; }

static int seconds_to_end = 300;
void fxm_set_seconds_to_end(int seconds) { seconds_to_end = seconds < 1 ? 1 : seconds; }

static void give_up(int signal) {
  (void)signal;
  static const char sentence[] = "World: another process did not end in time\n";
  if (write(2, sentence, sizeof sentence - 1) < 0) _exit(1);
  _exit(1);
}

// The exit code is known here alone: a process that ends with an error must not wait for the others, nor they for it.
static void end(int status, void *unused) {
  (void)unused;
  int is_finalized = 0;
  if (!is_running || MPI_Finalized(&is_finalized) != MPI_SUCCESS || is_finalized) return;
  is_running = 0;
  if (status == 0 && !is_broken) {
    // The end waits for all processes, one of which may hang.
    signal(SIGALRM, give_up);
    alarm((unsigned)seconds_to_end);
    MPI_Finalize();
    alarm(0);
    return;
  }
  const char sentence[] = "its program has ended with an error";
  for (int rank = 0; rank < process_count && !is_broken; rank++)
    if (rank != own_rank) fxm_notify(rank, 2, sentence, (int)sizeof sentence - 1);
  // Time for the others to say what they were told, and to end by themselves.
  for (int i = 0; i < 100; i++) {
    int flag;
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, channels[FXM_NOTICES], &flag, MPI_STATUS_IGNORE);
    fxm_sleep(10000);
  }
  MPI_Abort(MPI_COMM_WORLD, status ? status : 1);
}

#ifdef __linux__
void fxm_end_at_exit(void) { on_exit(end, NULL); }
#else
static void end_without_code(void) { end(is_broken, NULL); }
void fxm_end_at_exit(void) { atexit(end_without_code); }
#endif

static MPI_Datatype type_of(int type) {
  switch (type) {
  case FXM_FLOAT32: return MPI_FLOAT;
  case FXM_FLOAT64: return MPI_DOUBLE;
  case FXM_INT32: return MPI_INT32_T;
  case FXM_INT64: return MPI_INT64_T;
  case FXM_FLOAT16:
  case FXM_BFLOAT16: return MPI_UINT16_T;
  default: return MPI_BYTE;
  }
}

static int finish(int error, fxm_request *made, fxm_request **request) {
  if (error) {
    free(made);
    made = NULL;
  }
  *request = made;
  return error;
}

static fxm_request *made_request(void) {
  fxm_request *request = malloc(sizeof *request);
  if (request == NULL) abort();
  return request;
}

int fxm_all_gather(
  int channel, const void *own, int count, void *all, const int *counts, const int *offsets, int type, fxm_request **request) {
  fxm_request *made = made_request();
  MPI_Datatype t = type_of(type);
  return finish(MPI_Iallgatherv(own, count, t, all, counts, offsets, t, channels[channel], &made->request), made, request);
}

int fxm_all_to_all(
  int channel, const void *own, const int *own_counts, const int *own_offsets, void *all, const int *counts, const int *offsets, int type,
  fxm_request **request) {
  fxm_request *made = made_request();
  MPI_Datatype t = type_of(type);
  return finish(
    MPI_Ialltoallv(own, own_counts, own_offsets, t, all, counts, offsets, t, channels[channel], &made->request), made, request);
}

int fxm_all_reduce(int channel, void *values, int count, int type, int reduction, fxm_request **request) {
  MPI_Op op = reduction == FXM_PRODUCT ? MPI_PROD : reduction == FXM_MAX ? MPI_MAX : reduction == FXM_MIN ? MPI_MIN : MPI_SUM;
  fxm_request *made = made_request();
  return finish(MPI_Iallreduce(MPI_IN_PLACE, values, count, type_of(type), op, channels[channel], &made->request), made, request);
}

int fxm_broadcast(int channel, void *bytes, int count, int root, fxm_request **request) {
  fxm_request *made = made_request();
  return finish(MPI_Ibcast(bytes, count, MPI_BYTE, root, channels[channel], &made->request), made, request);
}

int fxm_gather(
  int channel, const void *own, int count, void *all, const int *counts, const int *offsets, int root, int type, fxm_request **request) {
  fxm_request *made = made_request();
  MPI_Datatype t = type_of(type);
  return finish(MPI_Igatherv(own, count, t, all, counts, offsets, t, root, channels[channel], &made->request), made, request);
}

int fxm_test(fxm_request *request, int *is_done) {
  int error = MPI_Test(&request->request, is_done, MPI_STATUS_IGNORE);
  if (!error && *is_done) free(request);
  return error;
}

int fxm_notify(int rank, int kind, const char *text, int count) {
  // Short messages leave at once; the buffer stays until the process ends.
  char *copy = malloc((size_t)count + 1);
  if (copy == NULL) return -1;
  memcpy(copy, text, (size_t)count);
  MPI_Request request;
  int error = MPI_Isend(copy, count, MPI_CHAR, rank, kind, channels[FXM_NOTICES], &request);
  if (error) {
    free(copy);
    return error;
  }
  return MPI_Request_free(&request);
}

int fxm_take_notice(int *rank, int *kind, char *text, int capacity) {
  int flag = 0, count = 0;
  MPI_Status status;
  *rank = -1;
  int error = MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, channels[FXM_NOTICES], &flag, &status);
  if (error || !flag) return error;
  if ((error = MPI_Get_count(&status, MPI_CHAR, &count))) return error;
  char *whole = malloc((size_t)count + 1);
  if (whole == NULL) return -1;
  error = MPI_Recv(whole, count, MPI_CHAR, status.MPI_SOURCE, status.MPI_TAG, channels[FXM_NOTICES], MPI_STATUS_IGNORE);
  if (!error) {
    whole[count] = 0;
    copy_text(text, capacity, whole);
    *rank = status.MPI_SOURCE;
    *kind = status.MPI_TAG;
  }
  free(whole);
  return error;
}

#else

struct fxm_request {
  int unused;
};

int fxm_has_mpi(void) { return 0; }
void fxm_version(char *text, int capacity) { copy_text(text, capacity, "no MPI"); }
void fxm_error(int error, char *text, int capacity) {
  (void)error;
  copy_text(text, capacity, "Fluxion was built without MPI");
}
int fxm_begin(int *rank, int *count) {
  *rank = 0;
  *count = 1;
  return -1;
}
int fxm_is_running(void) { return 0; }
void fxm_end_at_exit(void) {}
void fxm_set_seconds_to_end(int seconds) { (void)seconds; }
void fxm_set_broken(void) {}
int fxm_all_gather(
  int channel, const void *own, int count, void *all, const int *counts, const int *offsets, int type, fxm_request **request) {
  (void)channel, (void)own, (void)count, (void)all, (void)counts, (void)offsets, (void)type, (void)request;
  return -1;
}
int fxm_all_to_all(
  int channel, const void *own, const int *own_counts, const int *own_offsets, void *all, const int *counts, const int *offsets, int type,
  fxm_request **request) {
  (void)channel, (void)own, (void)own_counts, (void)own_offsets, (void)all, (void)counts, (void)offsets, (void)type, (void)request;
  return -1;
}
int fxm_all_reduce(int channel, void *values, int count, int type, int reduction, fxm_request **request) {
  (void)channel, (void)values, (void)count, (void)type, (void)reduction, (void)request;
  return -1;
}
int fxm_broadcast(int channel, void *bytes, int count, int root, fxm_request **request) {
  (void)channel, (void)bytes, (void)count, (void)root, (void)request;
  return -1;
}
int fxm_gather(
  int channel, const void *own, int count, void *all, const int *counts, const int *offsets, int root, int type, fxm_request **request) {
  (void)channel, (void)own, (void)count, (void)all, (void)counts, (void)offsets, (void)root, (void)type, (void)request;
  return -1;
}
int fxm_test(fxm_request *request, int *is_done) {
  (void)request, (void)is_done;
  return -1;
}
int fxm_notify(int rank, int kind, const char *text, int count) {
  (void)rank, (void)kind, (void)text, (void)count;
  return -1;
}
int fxm_take_notice(int *rank, int *kind, char *text, int capacity) {
  (void)kind, (void)text, (void)capacity;
  *rank = -1;
  return 0;
}

#endif
