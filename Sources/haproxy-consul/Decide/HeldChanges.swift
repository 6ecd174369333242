/// What is not asked of HAProxy for a while, since it refused a reload with it, so that all else goes on being served. Pure.
///
/// HAProxy does not say which service it refuses: of several, halves are tried until one is found.
struct HeldChanges: Sendable {
    private struct Entry {
        /// As it was refused; nil for a service that was to go.
        var shape: RouteTable.Shape?
        let text: String
        /// When it is tried again.
        var end: ContinuousClock.Instant
        /// How often it was refused alone.
        var failures = 0
        /// True where the wanted table has it, until HAProxy has answered.
        var isTried = false
    }
    /// By service; the set of certificates has no service's name.
    private var entries: [String: Entry] = [:]
    private static let certificates = ""

    var isEmpty: Bool { entries.isEmpty }
    /// How many services are held back.
    var count: Int { entries.count }

    /// When the next ones are to be tried; nil while some are.
    var nextTry: ContinuousClock.Instant? { entries.values.contains(where: \.isTried) ? nil : entries.values.map(\.end).min() }

    /// HAProxy refused a table: what is new in it, gone, or of another shape than what is served is held back.
    /// - Returns: false where there is no such thing.
    mutating func refused(
        _ table: RouteTable, served: RouteTable, _ reason: String, now: ContinuousClock.Instant, soon: Duration, retry: Duration
    ) -> Bool {
        let (wanted, had) = (Self.shapes(table), Self.shapes(served))
        var suspects = Set(wanted.keys).union(had.keys).filter { wanted[$0] != had[$0] }.sorted()
        if table.certificates.keys != served.certificates.keys { suspects.append(Self.certificates) }
        for (number, service) in suspects.enumerated() {
            let failures = entries[service]?.failures ?? 0
            let text =
                had[service] == nil
                ? "is left out for now, since HAProxy refused a reload with it: \(reason)"
                : "is served as before for now, since HAProxy refused a reload with its change: \(reason)"
            var entry = Entry(shape: wanted[service], text: entries[service]?.text ?? text, end: now + retry)
            if suspects.count == 1 {
                entry.end = now + retry * (1 << min(failures, 4))
                entry.failures = failures + 1
            } else if number < suspects.count / 2 {
                entry.end = now + soon
            }
            entries[service] = entry
        }
        return !suspects.isEmpty
    }

    /// HAProxy serves the wanted table, with what was tried.
    /// - Returns: true where something was.
    mutating func succeeded() -> Bool {
        let count = entries.count
        entries = entries.filter { !$0.value.isTried }
        return entries.count < count
    }

    /// Lets those be tried whose time has come, one group at a time.
    /// - Returns: true where there are some.
    mutating func release(now: ContinuousClock.Instant) -> Bool {
        guard let first = nextTry, first <= now else { return false }
        for (service, entry) in entries where entry.end == first { entries[service]?.isTried = true }
        return true
    }

    /// The wanted table with what is held back as it is served. Those that have changed since they were refused are tried.
    mutating func table(_ wanted: RouteTable, served: RouteTable) -> RouteTable {
        guard !entries.isEmpty else { return wanted }
        let (shapes, had) = (Self.shapes(wanted), Self.shapes(served))
        for (service, entry) in entries {
            if service == Self.certificates {
                if wanted.certificates.keys == served.certificates.keys { entries[service] = nil }
            } else if shapes[service] == had[service], !entry.isTried {
                entries[service] = nil
            } else if shapes[service] != entry.shape {
                entries[service]?.shape = shapes[service]
                entries[service]?.failures = 0
                entries[service]?.isTried = true
            }
        }
        let held = Set(entries.filter { !$0.value.isTried }.keys)
        let problems = entries.map {
            RouteTable.Problem(service: $0.key == Self.certificates ? "(certificates)" : $0.key, text: $0.value.text)
        }
        return wanted.keeping(
            held.subtracting([Self.certificates]), of: served, keepsCertificates: held.contains(Self.certificates), problems)
    }

    private static func shapes(_ table: RouteTable) -> [String: RouteTable.Shape] {
        Dictionary(table.backends.map { ($0.service, $0.shape) }) { first, _ in first }
    }
}
