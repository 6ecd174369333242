public import ClusterCore
import HTTPClient
import JSON

/// One step of a transaction on the key/value store.
public enum KVOperation: Sendable, Hashable {
    /// Writes an entry, whatever it held.
    case set(key: String, value: [UInt8])
    /// Removes an entry; one that isn't there is fine.
    case delete(key: String)

    /// The longest value that Consul takes, in bytes (`kv_max_value_size`).
    public static let longestValue = 512 << 10

    /// The entry's key.
    public var key: String {
        switch self {
        case .set(let key, _), .delete(let key): key
        }
    }

    /// What it adds to a transaction's body, in bytes, about.
    var weight: Int {
        switch self {
        case .set(let key, let value): key.utf8.count + value.count / 3 * 4 + 64
        case .delete(let key): key.utf8.count + 64
        }
    }

    var json: JSON {
        switch self {
        case .set(let key, let value): ["KV": ["Verb": "set", "Key": .string(key), "Value": .string(Base64.encode(value))]]
        case .delete(let key): ["KV": ["Verb": "delete", "Key": .string(key)]]
        }
    }

    /// Groups of at most 64 steps and about 384 KiB, in order (Consul API, "Transactions": 64 steps, 512 KiB).
    public static func batches(_ operations: [KVOperation]) -> [[KVOperation]] {
        var batches: [[KVOperation]] = []
        var batch: [KVOperation] = []
        var weight = 0
        for operation in operations {
            if !batch.isEmpty, batch.count == 64 || weight + operation.weight > 384 << 10 {
                batches.append(batch)
                batch = []
                weight = 0
            }
            batch.append(operation)
            weight += operation.weight
        }
        if !batch.isEmpty { batches.append(batch) }
        return batches
    }
}

extension ConsulClient {
    /// Does all of it or nothing; see `KVOperation.batches`.
    public func transact(_ operations: [KVOperation], timeout: Duration = .seconds(5)) async throws(ClusterError) {
        if operations.count == 1, case .set(let key, let value) = operations[0] {
            // Alone it may be as long as a value can be.
            try await setValue(value, of: key)
            return
        }
        let body = JSON.array(operations.map(\.json)).bytes()
        _ = try await require("PUT", "/v1/txn", body: body, timeout: timeout)
    }
}
