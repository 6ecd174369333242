// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic, which Swift cannot call: each use has a
// typed inline form here, prefixed ccurl_.
#include <curl/curl.h>
