// A network link between two namespaces, with a delay and a rate: what tc netem does, for kernels that lack it.
//
//     link NAMESPACE NAMESPACE DELAY_MICROSECONDS BITS_PER_SECOND
//
// Each namespace gets a TUN device, fxlink. After SIGUSR1 every packet is lost.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { packet_size = 65536, queue_size = 512 };

struct packet {
  int64_t due;
  ssize_t size;
  unsigned char bytes[packet_size];
};

struct queue {
  struct packet *packets;
  int first, count;
  // When the line is free for the next packet.
  int64_t free;
};

static volatile sig_atomic_t is_down;
static void go_down(int signal) {
  (void)signal;
  is_down = 1;
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int device(const char *name) {
  char path[256];
  snprintf(path, sizeof path, "/var/run/netns/%s", name);
  int space = open(path, O_RDONLY);
  if (space < 0 || setns(space, CLONE_NEWNET) != 0) {
    perror(path);
    exit(1);
  }
  close(space);
  int file = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  struct ifreq request;
  memset(&request, 0, sizeof request);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  strcpy(request.ifr_name, "fxlink");
  if (file < 0 || ioctl(file, TUNSETIFF, &request) != 0) {
    perror("/dev/net/tun");
    exit(1);
  }
  return file;
}

int main(int count, char **arguments) {
  if (count != 5) return 2;
  int files[2] = {device(arguments[1]), device(arguments[2])};
  int64_t delay = atoll(arguments[3]) * 1000;
  double nanoseconds_per_byte = 8e9 / atof(arguments[4]);
  signal(SIGUSR1, go_down);
  struct queue queues[2];
  for (int i = 0; i < 2; i++) queues[i] = (struct queue){calloc(queue_size, sizeof(struct packet)), 0, 0, 0};
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    int64_t next = INT64_MAX;
    for (int i = 0; i < 2; i++) {
      struct queue *queue = &queues[i];
      while (queue->count > 0 && queue->packets[queue->first].due <= now()) {
        struct packet *packet = &queue->packets[queue->first];
        if (!is_down && write(files[1 - i], packet->bytes, (size_t)packet->size) < 0 && errno == EAGAIN) break;
        queue->first = (queue->first + 1) % queue_size;
        queue->count--;
      }
      if (queue->count > 0 && queue->packets[queue->first].due < next) next = queue->packets[queue->first].due;
    }
    struct pollfd polled[2];
    for (int i = 0; i < 2; i++) polled[i] = (struct pollfd){files[i], queues[i].count < queue_size ? POLLIN : 0, 0};
    struct timespec wait = {0, 0};
    int64_t left = next == INT64_MAX ? 100000000 : next - now();
    if (left > 0) wait = (struct timespec){left / 1000000000, left % 1000000000};
    if (ppoll(polled, 2, &wait, NULL) < 0 && errno != EINTR) return 1;
    for (int i = 0; i < 2; i++) {
      struct queue *queue = &queues[i];
      while ((polled[i].revents & POLLIN) && queue->count < queue_size) {
        struct packet *packet = &queue->packets[(queue->first + queue->count) % queue_size];
        packet->size = read(files[i], packet->bytes, packet_size);
        if (packet->size <= 0) break;
        int64_t start = now();
        if (queue->free > start) start = queue->free;
        queue->free = start + (int64_t)(nanoseconds_per_byte * (double)packet->size);
        packet->due = queue->free + delay;
        queue->count++;
      }
    }
  }
}
