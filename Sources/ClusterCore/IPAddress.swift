import Glibc

/// Literal IP addresses.
public enum IPAddress {
    /// True for an IPv4 or IPv6 address in its text form, without prefix length, zone or brackets.
    public static func isValid(_ text: String) -> Bool { isV4(text) || isV6(text) }

    /// True for four decimal numbers with dots.
    public static func isV4(_ text: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, text, &address) == 1
    }

    /// True for an IPv6 address.
    public static func isV6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }
}
