// What Fluxion asks of MPI, as functions: MPI's own names are macros, and differ between Open MPI and MPICH.
//
// Functions that return an int give 0, or an error number whose sentence fxm_error writes. Without MPI all but fxm_has_mpi give -1.
#ifndef CMESSAGES_H
#define CMESSAGES_H

#include <stddef.h>
#include <stdint.h>

/// Whether it was compiled with MPI.
int fxm_has_mpi(void);
/// The library's name and version, cut to capacity.
void fxm_version(char *text, int capacity);
/// The sentence of an error number.
void fxm_error(int error, char *text, int capacity);

/// Begins; the process's rank and how many there are.
int fxm_begin(int *rank, int *count);
/// Whether MPI runs in this process.
int fxm_is_running(void);
/// What happens when the process ends: an orderly end after exit code 0, otherwise MPI ends all processes with that code.
void fxm_end_at_exit(void);
/// How long an orderly end waits for the other processes.
void fxm_set_seconds_to_end(int seconds);
/// From now on the end is not an orderly one.
void fxm_set_broken(void);

/// The channels on which messages do not mix.
enum { FXM_CONTROL = 0, FXM_DATA = 1, FXM_NOTICES = 2, FXM_RESULTS = 3 };
/// Element types, as Tensors number them. 16-bit floats are only carried: there is no reduction of them.
enum { FXM_FLOAT32 = 0, FXM_FLOAT64 = 1, FXM_INT32 = 2, FXM_INT64 = 3, FXM_BYTE = 4, FXM_FLOAT16 = 5, FXM_BFLOAT16 = 6 };
/// Reductions.
enum { FXM_SUM = 0, FXM_PRODUCT = 1, FXM_MAX = 2, FXM_MIN = 3 };

/// A collective that goes on by itself; counts and offsets are in elements.
typedef struct fxm_request fxm_request;
int fxm_all_gather(int channel, const void *own, int count, void *all, const int *counts, const int *offsets, int type, fxm_request **request);
int fxm_all_to_all(
  int channel, const void *own, const int *own_counts, const int *own_offsets, void *all, const int *counts, const int *offsets, int type,
  fxm_request **request);
int fxm_all_reduce(int channel, void *values, int count, int type, int reduction, fxm_request **request);
int fxm_broadcast(int channel, void *bytes, int count, int root, fxm_request **request);
int fxm_gather(
  int channel, const void *own, int count, void *all, const int *counts, const int *offsets, int root, int type, fxm_request **request);
/// Whether it is done, without waiting; it is then gone.
int fxm_test(fxm_request *request, int *is_done);

/// Sends a short text to a process without waiting for it.
int fxm_notify(int rank, int kind, const char *text, int count);
/// Takes a text that has come, cut to capacity; the rank is -1 if none has.
int fxm_take_notice(int *rank, int *kind, char *text, int capacity);

/// Waits as short as the system can.
void fxm_yield(void);
void fxm_sleep(int microseconds);

#endif
