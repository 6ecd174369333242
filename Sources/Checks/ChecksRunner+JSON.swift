import ClusterCore
public import JSON

extension ChecksRunner.Report {
    /// As the probes answer it.
    public var json: JSON {
        .members([
            "name": .string(name), "proves": .string(proves), "status": .string(status.rawValue), "detail": .string(detail),
            "gates": .array(Check.Gate.allCases.filter(gates.contains).map { .string($0.rawValue) }),
            "age_ms": .int(age.milliseconds), "took_ms": .int(took.milliseconds),
            "last_failure": lastFailure.map { ["reason": .string($0.reason), "age_ms": .int($0.age.milliseconds)] },
        ])
    }
}

extension ChecksRunner.Summary {
    /// The answer of a probe: `{"component", "ready": true, "reason": null, "checks": […]}`.
    public func json(_ gate: Check.Gate, component: String) -> JSON {
        let failures = failures(gate)
        return .object(
            JSONObject([
                ("component", .string(component)), (gate.rawValue, .bool(failures.isEmpty)),
                ("reason", failures.isEmpty ? .null : .string(failures.joined(separator: "; "))),
                ("checks", .array(reports.map(\.json))),
            ]))
    }
}

extension Role {
    /// The answer of `/role`.
    public func json(component: String, age: Duration) -> JSON {
        [
            "component": .string(component), "role": .string(name), "detail": detail.map { .string($0) } ?? .null,
            "age_ms": .int(age.milliseconds),
        ]
    }
}
