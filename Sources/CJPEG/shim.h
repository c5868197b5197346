// jpeglib.h wants size_t and FILE.
#include <stdio.h>
#include <jpeglib.h>
