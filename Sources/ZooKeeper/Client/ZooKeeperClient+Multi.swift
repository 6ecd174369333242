import CZooKeeper
import Glibc

/// One operation of a transaction.
public enum ZooKeeperOperation: Sendable, Hashable {
    /// Creates a node.
    case create(String, data: [UInt8] = [], mode: ZooKeeperCreateMode = .persistent, acl: ZooKeeperACL = .open)
    /// Replaces a node's data, where it has this version (-1: any).
    case set(String, data: [UInt8], version: Int32 = -1)
    /// Deletes a node, where it has this version (-1: any).
    case delete(String, version: Int32 = -1)
    /// Holds where the node exists and has this version (-1: any).
    case check(String, version: Int32 = -1)

    /// The node.
    public var path: String {
        switch self {
        case .create(let path, _, _, _), .set(let path, _, _), .delete(let path, _), .check(let path, _): path
        }
    }

    var dataLength: Int {
        switch self {
        case .create(_, let data, _, _), .set(_, let data, _): data.count
        case .delete, .check: 0
        }
    }
}

/// What one operation of a transaction did.
public enum ZooKeeperOperationResult: Sendable, Hashable {
    /// Created this path (with the number of a sequential node).
    case created(String)
    /// Replaced the data; the node's new stat.
    case set(ZooKeeperStat)
    /// Deleted it.
    case deleted
    /// It held.
    case checked
}

/// A transaction of which nothing was carried out.
public struct ZooKeeperMultiError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The operation that failed, counted from 0; nil where the transaction as a whole failed (a lost connection).
    public let index: Int?
    /// Why.
    public let error: ZooKeeperError

    /// `operation 1 of the transaction: …`
    public var description: String { index.map { "operation \($0) of the transaction: \(error)" } ?? "\(error)" }
}

extension ZooKeeperClient {
    /// Carries out all operations or none.
    /// - Throws: `ZooKeeperMultiError`, which names the operation that failed.
    @discardableResult
    public func multi(_ operations: [ZooKeeperOperation]) async throws(ZooKeeperMultiError) -> [ZooKeeperOperationResult] {
        if operations.isEmpty { return [] }
        let length = operations.reduce(0) { $0 + $1.dataLength + $1.path.utf8.count }
        guard length <= Self.maximumDataLength else {
            let error = ZooKeeperError(
                .tooLarge, "a transaction of \(operations.count) operations (\(length) bytes; at most \(Self.maximumDataLength) fit)")
            throw ZooKeeperMultiError(index: nil, error: error)
        }
        let completion: MultiRequest.Answer
        do throws(ZooKeeperError) {
            let session = try currentSession()
            let request = MultiRequest(operations, session: session)
            completion = request.completion
            try session.send(request, "transaction") { request.send($0, $1) }
        } catch {
            throw ZooKeeperMultiError(index: nil, error: error)
        }
        do {
            return try await completion.wait().get()
        } catch let error as ZooKeeperMultiError {
            throw error
        } catch let error as ZooKeeperError {
            throw ZooKeeperMultiError(index: nil, error: error)
        } catch {
            preconditionFailure("only the two errors above are thrown")
        }
    }
}

/// A transaction under way: the memory that the library writes its answers to.
private final class MultiRequest: OutstandingCall, @unchecked Sendable {
    // Unchecked: the memory is written by the library's threads only, between `send` and the callback, and read in the callback.
    typealias Answer = Completion<Result<[ZooKeeperOperationResult], ZooKeeperMultiError>>
    let completion = Answer("transaction")
    private let session: Session
    private let operations: [ZooKeeperOperation]
    private let results: UnsafeMutablePointer<zoo_op_result_t>
    private let stats: UnsafeMutablePointer<Stat>
    private let paths: UnsafeMutablePointer<UnsafeMutablePointer<CChar>>
    /// A sequential node's number and the terminator come on top of the path.
    private static let extraPathLength = 16

    init(_ operations: [ZooKeeperOperation], session: Session) {
        self.operations = operations
        self.session = session
        results = .allocate(capacity: operations.count)
        results.initialize(repeating: zoo_op_result_t(), count: operations.count)
        stats = .allocate(capacity: operations.count)
        stats.initialize(repeating: Stat(), count: operations.count)
        paths = .allocate(capacity: operations.count)
        for (index, operation) in operations.enumerated() {
            let length = operation.path.utf8.count + Self.extraPathLength
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: length)
            buffer.initialize(repeating: 0, count: length)
            (paths + index).initialize(to: buffer)
        }
    }

    deinit {
        for index in operations.indices { paths[index].deallocate() }
        paths.deallocate()
        stats.deallocate()
        results.deallocate()
    }

    /// Packs and queues the request; everything but `results`, `stats` and `paths` may go afterwards.
    func send(_ handle: OpaquePointer, _ pointer: UnsafeRawPointer) -> Int32 {
        var packed: [zoo_op_t] = []
        packed.reserveCapacity(operations.count)
        return pack(0, into: &packed) { packed in
            zoo_amulti(handle, Int32(packed.count), packed, results, multiCompletion, pointer)
        }
    }

    /// Recursive, so that every C string and access list lives until the request is packed.
    private func pack(_ index: Int, into packed: inout [zoo_op_t], then body: ([zoo_op_t]) -> Int32) -> Int32 {
        guard index < operations.count else { return body(packed) }
        var operation = zoo_op_t()
        switch operations[index] {
        case .create(let path, let data, let mode, let acl):
            return path.withCString { path in
                data.withChars { chars, count in
                    acl.withVector { vector in
                        let length = Int32(operations[index].path.utf8.count + Self.extraPathLength)
                        zoo_create_op_init(&operation, path, chars, count, vector, mode.flags, paths[index], length)
                        packed.append(operation)
                        return pack(index + 1, into: &packed, then: body)
                    }
                }
            }
        case .set(let path, let data, let version):
            return path.withCString { path in
                data.withChars { chars, count in
                    zoo_set_op_init(&operation, path, chars, count, version, stats + index)
                    packed.append(operation)
                    return pack(index + 1, into: &packed, then: body)
                }
            }
        case .delete(let path, let version):
            return path.withCString { path in
                zoo_delete_op_init(&operation, path, version)
                packed.append(operation)
                return pack(index + 1, into: &packed, then: body)
            }
        case .check(let path, let version):
            return path.withCString { path in
                zoo_check_op_init(&operation, path, version)
                packed.append(operation)
                return pack(index + 1, into: &packed, then: body)
            }
        }
    }

    func abandon() { completion.abandon() }

    func answered(_ code: Int32) {
        session.forget(self)
        guard code != 0 else {
            completion.finish(
                .success(
                    .success(
                        operations.indices.map { index in
                            switch operations[index] {
                            case .create: .created(String(cString: paths[index]))
                            case .set: .set(ZooKeeperStat(stats[index]))
                            case .delete: .deleted
                            case .check: .checked
                            }
                        })))
            return
        }
        // The operation at fault has an error of its own; the others have 0 or "runtime inconsistency".
        let culprit = operations.indices.first { index in
            let own = results[index].err
            return own != 0 && own != ZooKeeperError.Code.runtimeInconsistency.rawValue
        }
        // A lost connection is reported on every operation.
        let isWhole = code > -100 || culprit == nil
        let error = ZooKeeperError(
            .init(rawValue: culprit.map { results[$0].err } ?? code), culprit.map { operations[$0].path } ?? "transaction")
        completion.finish(.success(.failure(ZooKeeperMultiError(index: isWhole ? nil : culprit, error: error))))
    }
}

private let multiCompletion: void_completion_t = { code, pointer in
    guard let pointer else { return }
    Unmanaged<MultiRequest>.fromOpaque(pointer).takeUnretainedValue().answered(code)
}
