import Settings

enum FixtureSettings {
    static let command = Setting<String>("command", "FIXTURE_COMMAND", default: "exec sleep 1000", help: "the child, as a shell's text")
    static let program = Setting<String>("program", "FIXTURE_PROGRAM", default: "/bin/sh", help: "the shell")
    static let count = Setting<Int>("count", "FIXTURE_COUNT", default: 1, in: 1...9, help: "a number")
    static let password = OptionalSetting<String>("password", "FIXTURE_PASSWORD", secret: true, help: "a secret, written to a file")
    static let file = OptionalSetting<String>("file", "FIXTURE_FILE", help: "a file to write")
    static let content = Setting<String>("content", "FIXTURE_CONTENT", default: "content\n", help: "its content")
    static let validator = OptionalSetting<[String]>("validator", "FIXTURE_VALIDATOR", help: "its validator")
    static let awaited = OptionalSetting<String>("awaited", "FIXTURE_AWAITED", help: "a file that must exist before the start")
    static let readyFile = OptionalSetting<String>("ready_file", "FIXTURE_READY", help: "a file that makes it ready")
    static let listens = OptionalSetting<Int>("listens", "FIXTURE_LISTENS", help: "a port of 127.0.0.1 that the child will listen on")
    static let marks = OptionalSetting<String>("marks", "FIXTURE_MARKS", help: "a file that gets a line for each step")
    static let refusals = Setting<[String]>("refusals", "FIXTURE_REFUSALS", default: [], help: "reasons to refuse the plan")
    static let secondSignal = OptionalSetting<Int>("second_signal", "FIXTURE_SECOND_SIGNAL", help: "a second stop signal")
    static let leavesSessions = Setting<Bool>("leaves_sessions", "FIXTURE_LEAVES_SESSIONS", default: false, help: "leave sessions alone")
    static let companion = Setting<String>("companion", "FIXTURE_COMPANION", default: "none", help: "none, fails, signals, or spawns")
    static let failsAfterStop = Setting<Bool>("fails_after_stop", "FIXTURE_FAILS_AFTER_STOP", default: false, help: "fail at the end")

    static let schema = SettingsSchema(
        component: "fixture", summary: "Runs what the environment says, for tests.",
        settings: [
            command.declaration, program.declaration, count.declaration, password.declaration, file.declaration, content.declaration,
            validator.declaration, awaited.declaration, readyFile.declaration, listens.declaration, marks.declaration, refusals.declaration,
            secondSignal.declaration, leavesSessions.declaration, companion.declaration, failsAfterStop.declaration,
        ], ownPrefixes: ["FIXTURE_"])
}
