import Checks
import ClusterCore
public import JSON
import Supervision

extension LaunchPlan {
    /// The plan as `plan --json` prints it: secrets redacted, steps by their descriptions. The order of keys is fixed.
    public var json: JSON {
        .members([
            "component": .string(component),
            "notes": .array(notes.map { .string($0) }),
            "listens": .array(
                listens.map {
                    ["address": .string("\($0.place)"), "transport": .string($0.transport.rawValue), "setting": .string($0.setting)]
                }),
            "before_start": .array(beforeStart.map { .string($0.description) }),
            "directories": .array(directories.map { ["path": .string($0.path), "mode": .string(octal($0.mode))] }),
            "files": .array(files.map(\.json)),
            "prerequisites": .array(prerequisites.map { ["name": .string($0.name), "waits_for": .string($0.description)] }),
            "companions": .array(companions.map { .string($0.name) }),
            "argv": .array(argv.map { .string($0) }),
            "environment": .object(
                JSONObject(environment.sorted { $0.key < $1.key }.map { ($0.key, .string(shown($0.key, $0.value))) })),
            "working_directory": workingDirectory.map { .string($0) },
            "stop": .members([
                "signal": .string(SignalName.of(stop.signal)), "second_signal": stop.secondSignal.map { .string(SignalName.of($0)) },
                "grace": .string(stop.grace.mesosText),
            ]),
            "leaves_sessions": .bool(leavesSessions),
            "checks": .array(checks.map(\.planJSON)),
            "has_role": .bool(role != nil),
            "before_spawn": .array(beforeSpawn.map { .string($0.description) }),
            "after_exit": .array(afterExit.map { .string($0.description) }),
            "after_stop": .array(afterStop.map { .string($0.description) }),
        ])
    }

    func shown(_ name: String, _ value: String) -> String { secretEnvironment.contains(name) ? "(secret)" : value }
}

extension PlannedFile {
    fileprivate var json: JSON {
        .members([
            "path": .string(path), "mode": .string(octal(mode)), "secret": isSecret ? true : nil,
            "validate": validate.map { .array($0.map { .string($0) }) }, "content": .string(isSecret ? "(secret)" : content),
        ])
    }
}

extension Check {
    fileprivate var planJSON: JSON {
        [
            "name": .string(name), "proves": .string(proves), "timeout": .string(timeout.mesosText),
            "gates": .array(Gate.allCases.filter(gates.contains).map { .string($0.rawValue) }),
        ]
    }
}

func octal(_ mode: UInt16) -> String { "0" + String(mode, radix: 8) }
