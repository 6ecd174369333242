// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic, which Swift cannot call: each use has a
// typed inline form here, prefixed ccurl_. The type-checking macros of curl.h want constant options, so they are off.
#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>
#include <fcntl.h>

static inline CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return (curl_easy_setopt)(handle, option, value);
}

// curl copies the text, except that of CURLOPT_POSTFIELDS (see ccurl_set_pointer). NULL resets the option.
static inline CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_set_writer(CURL *handle, curl_write_callback callback, void *context) {
    CURLcode code = (curl_easy_setopt)(handle, CURLOPT_WRITEFUNCTION, callback);
    return code == CURLE_OK ? (curl_easy_setopt)(handle, CURLOPT_WRITEDATA, context) : code;
}

static inline CURLcode ccurl_set_header_reader(CURL *handle, curl_write_callback callback, void *context) {
    CURLcode code = (curl_easy_setopt)(handle, CURLOPT_HEADERFUNCTION, callback);
    return code == CURLE_OK ? (curl_easy_setopt)(handle, CURLOPT_HEADERDATA, context) : code;
}

// curl 7.88 opens its sockets without SOCK_CLOEXEC: a child that is spawned meanwhile would inherit them.
static inline int ccurl_close_on_exec(void *context, curl_socket_t socket, curlsocktype purpose) {
    (void)context;
    (void)purpose;
    return fcntl(socket, F_SETFD, FD_CLOEXEC) == -1 ? CURL_SOCKOPT_ERROR : CURL_SOCKOPT_OK;
}

static inline CURLcode ccurl_set_close_on_exec(CURL *handle) {
    return (curl_easy_setopt)(handle, CURLOPT_SOCKOPTFUNCTION, ccurl_close_on_exec);
}

static inline long ccurl_get_long(CURL *handle, CURLINFO info) {
    long value = 0;
    (curl_easy_getinfo)(handle, info, &value);
    return value;
}

static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return (curl_multi_setopt)(multi, option, value);
}

// The union in CURLMsg is not imported by name.
static inline CURLcode ccurl_message_result(const CURLMsg *message) { return message->data.result; }

// Macros with casts, which Swift cannot import.
static inline size_t ccurl_pause_writing(void) { return CURL_WRITEFUNC_PAUSE; }
static inline CURLcode ccurl_global_init(void) { return curl_global_init(CURL_GLOBAL_ALL); }
static inline long ccurl_auth_basic(void) { return CURLAUTH_BASIC; }

