// THREADED selects the synchronous and multi-threaded API of libzookeeper_mt.
#define THREADED
#include <zookeeper/zookeeper.h>
