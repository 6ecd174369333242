import ClusterCore
import Glibc

/// Milliseconds since 1970.
func wallClockMilliseconds() -> Int64 { UnixTime(clock: CLOCK_REALTIME).milliseconds }

/// Name of the user that this process runs as; its number where it has none.
func currentUserName() -> String {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16_384)
    let uid = geteuid()
    guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name else { return String(uid) }
    return String(cString: name)
}

/// This host's name.
func hostName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
