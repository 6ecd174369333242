/// A condition that did not come true in time.
public struct NotEventually: Error, CustomStringConvertible {
    /// What was waited for, how long, and the last error.
    public let description: String
}

/// Looks again and again (each 20 ms) until `condition` is true.
/// - Parameters:
///   - deadline: how long at most; generous, since it costs nothing where all is well.
///   - what: what is waited for, for the error.
///   - condition: an error that it throws counts as false.
/// - Throws: `NotEventually`, with the last error.
public func eventually(
    within deadline: Duration = .seconds(30), _ what: String = "the condition", isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now.advanced(by: deadline)
    var lastError: (any Error)?
    while true {
        do {
            if try await condition() { return }
            lastError = nil
        } catch {
            lastError = error
        }
        if ContinuousClock.now >= end || Task.isCancelled {
            throw NotEventually(description: "\(what) did not come within \(deadline)\(lastError.map { ": \($0)" } ?? "")")
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// Calls `body` again and again (each 20 ms) until it returns a value.
/// - Throws: `NotEventually`, with the last error.
public func eventuallyValue<Value>(
    within deadline: Duration = .seconds(30), _ what: String = "the value", isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> Value?
) async throws -> Value {
    var found: Value?
    try await eventually(within: deadline, what) {
        found = try await body()
        return found != nil
    }
    guard let found else { throw NotEventually(description: "\(what) did not come") }
    return found
}
