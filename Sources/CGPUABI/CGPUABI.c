// A C target needs a source file; everything here is types.
#include "CGPUABI.h"
