import ClusterCore
import Glibc
import Settings
import Testing

struct SettingsLoaderTests {
    @Test func laterSourcesWin() throws {
        let directory = TemporaryDirectory()
        let file = try directory.file(
            "zookeeper.yaml", "client_port: 2182\nservers: [a, b]\nmode: fast\npassword: from-the-file\nwait: 20s\n")
        let secret = try directory.file("secret", "kept apart\n")
        let settings = try SettingsLoader(schema: Sample.schema).load(
            environment: ["ZOO_CLIENT_PORT": "2183", "ZOO_PASSWORD_FILE": secret, "ZOO_MODE": "", "PATH": "/bin"], file: file)
        #expect(settings[Sample.port] == 2183)
        #expect(settings[Sample.servers] == ["a", "b"])
        #expect(settings[Sample.mode] == .fast)
        #expect(settings[Sample.password] == "kept apart")
        #expect(settings.entries["client_port"]?.origin == .environment("ZOO_CLIENT_PORT"))
        #expect(settings.entries["servers"]?.origin == .file(path: file, line: 2))
        #expect(settings.entries["password"]?.origin == .secretFile(variable: "ZOO_PASSWORD_FILE", path: secret))
        #expect(settings[Sample.wait] == .seconds(20))
    }

    @Test func defaultsFillWhatIsAbsent() throws {
        let settings = try SettingsLoader(schema: Sample.schema).load(environment: ["ZOO_SERVERS": "a"])
        #expect(settings[Sample.port] == 2181)
        #expect(settings[Sample.password] == nil)
        #expect(!settings.isGiven(Sample.port))
        #expect(settings.isGiven(Sample.servers))
    }

    @Test func everyMistakeIsReportedAtOnce() {
        let text = mistakes(["ZOO_CLIENT_PORT": "99999", "ZOO_MODE": "quick", "ZOO_CLIENT_PROT": "1", "ZOO_PASSWORD": "Admin"])
        #expect(
            text == """
                ZOO_CLIENT_PORT: '99999' is not allowed; expected a whole number, 1–65535
                ZOO_SERVERS: is not set; expected a comma-separated list, each text: Members.
                ZOO_MODE: 'quick' is not allowed; expected one of fast, safe
                ZOO_PASSWORD: is a password that everyone knows; choose another
                ZOO_CLIENT_PROT: is not known to zookeeper; did you mean ZOO_CLIENT_PORT?
                """)
    }

    @Test func theOriginalImagesVariablesAreAccepted() throws {
        let loader = SettingsLoader(schema: Sample.schema)
        #expect(try loader.load(environment: ["ZOOKEEPER_MEMBERS": "a,b"])[Sample.servers] == ["a", "b"])
        #expect(try loader.load(environment: ["ZOOKEEPER_MEMBERS": "a", "ZOO_SERVERS": "a"])[Sample.servers] == ["a"])
        let text = mistakes(["ZOOKEEPER_MEMBERS": "a", "ZOO_SERVERS": "b", "ZOO_PASSWORD": "one", "ZK_PASS": "two"])
        #expect(text.contains("ZOOKEEPER_MEMBERS: differs from ZOO_SERVERS"))
        #expect(text.contains("ZK_PASS: differs from ZOO_PASSWORD"))
        #expect(!text.contains("one") && !text.contains("two"))
    }

    @Test(arguments: [
        ("ZOO_WAIT", "30", "a duration such as"), ("ZOO_WAIT", "2h", "1secs–10mins"), ("ZOO_CLIENT_PORT", "2181 ", "'2181 '"),
        ("ZOO_MODE", "a\nb", "'a\\u{a}b'"),
    ])
    func malformedValuesAreShown(variable: String, value: String, expected: String) {
        #expect(mistakes([variable: value, "ZOO_SERVERS": "a"]).contains(expected))
    }

    @Test func secretFilesSayWhatToDo() throws {
        let directory = TemporaryDirectory()
        func check(_ path: String) -> String { mistakes(["ZOO_SERVERS": "a", "ZOO_PASSWORD_FILE": path]) }
        #expect(
            check("\(directory.path)/none")
                == "ZOO_PASSWORD_FILE (\(directory.path)/none): does not exist: create the file or correct the path")
        #expect(check(directory.path).hasSuffix("is not a regular file: name a file"))
        #expect(check(try directory.file("empty", "\n")).hasSuffix("is empty: write the value into it"))
        #expect(check(try directory.file("large", String(repeating: "x", count: 70_000))).contains("is larger than 65536 bytes"))
        #expect(check(try directory.file("nul", "a\0b")).contains("is not UTF-8 text"))
        #expect(check(try directory.file("known", "changeit\n")).contains("everyone knows"))
        mkfifo("\(directory.path)/pipe", 0o600)
        #expect(check("\(directory.path)/pipe").contains("is not a regular file"))
        let good = try directory.file("good", "a real one")
        let both = mistakes(["ZOO_SERVERS": "a", "ZOO_PASSWORD_FILE": good, "ZOO_PASSWORD": "other one"])
        #expect(both == "ZOO_PASSWORD_FILE: is given together with ZOO_PASSWORD; give one of them")
    }

    @Test func aSecretThatIsMalformedIsNotShown() {
        let pin = OptionalSetting<Int>("pin", "ZOO_PIN", secret: true, help: "Digits.")
        let schema = SettingsSchema(component: "x", summary: "", settings: [pin.declaration])
        let text = mistakes(["ZOO_PIN": "abc123"], schema: schema)
        #expect(text == "ZOO_PIN: a secret value is not allowed; expected a whole number")
    }

    @Test func passwordsInURLsAreHidden() {
        let url = OptionalSetting<ZooKeeperURL>("zk", "X_ZK", help: "Where.")
        let schema = SettingsSchema(component: "x", summary: "", settings: [url.declaration])
        let text = mistakes(["X_ZK": "zk://user:hunter22@host:99999/path"], schema: schema)
        #expect(text.contains("zk://user:***@host:99999/path") && !text.contains("hunter22"))
    }

    @Test func aDefaultFileMayBeAbsentAndANamedOneNot() {
        #expect(mistakes(["ZOO_SERVERS": "a"]) == "")
        #expect(mistakes(["ZOO_SERVERS": "a"], file: "/nonexistent/z.yaml").contains("/nonexistent/z.yaml: does not exist"))
        #expect(mistakes(["ZOO_SERVERS": "a", "SETTINGS_FILE": "/nonexistent/y.yaml"]).contains("/nonexistent/y.yaml: does not exist"))
    }

    @Test func mistakesInTheFileNameTheirPlace() throws {
        let directory = TemporaryDirectory()
        let file = try directory.file("a.yaml", "client_prot: 1\nmode: [fast]\nservers:\n  - a\n  - x: y\nwait:\n")
        let text = mistakes(["ZOO_SERVERS": "a"], file: file)
        #expect(text.contains("\(file):1:1: the key 'client_prot' is not known to zookeeper; did you mean client_port?"))
        #expect(text.contains("\(file):2:7: mode: expected one of fast, safe, found a sequence"))
        #expect(text.contains("\(file):5:5: servers: expected a single value, found a mapping"))
        #expect(text.contains("\(file):6:6: wait: has no value"))
        let broken = try directory.file("b.yaml", "servers: [a\nmode: fast\n")
        #expect(mistakes([:], file: broken).contains("\(broken):2:5: "))
        let secret = try directory.file("c.yaml", "servers: a\npassword: long enough\n", mode: 0o644)
        #expect(mistakes([:], file: secret).contains("everyone may read"))
        let list = try directory.file("d.yaml", "- a\n")
        #expect(mistakes(["ZOO_SERVERS": "a"], file: list).contains("expected a mapping, found a sequence"))
    }

    @Test func theFileMayNameSecretFiles() throws {
        let directory = TemporaryDirectory()
        let secret = try directory.file("secret", "kept apart\n")
        let file = try directory.file("a.yaml", "servers: a\npassword_file: \(secret)\n", mode: 0o644)
        let loader = SettingsLoader(schema: Sample.schema)
        #expect(try loader.load(environment: [:], file: file)[Sample.password] == "kept apart")
        #expect(try loader.load(environment: ["ZOO_PASSWORD": "another one"], file: file)[Sample.password] == "another one")
        for lines in ["password_file: \(secret)\npassword: x y z\n", "password: x y z\npassword_file: \(secret)\n"] {
            let both = try directory.file("b.yaml", "servers: a\n" + lines)
            #expect(mistakes([:], file: both).contains("is given together with"))
        }
        let none = try directory.file("c.yaml", "servers: a\npassword_file: \(secret)-none\n")
        #expect(
            mistakes([:], file: none) == "\(none):2:1: password_file (\(secret)-none): does not exist: create the file or correct the path")
        let wrong = try directory.file("d.yaml", "servers: a\npassword_file: [x]\n")
        #expect(mistakes([:], file: wrong) == "\(wrong):2:1: password_file: expected a path, found a sequence")
    }

    @Test func flagsOfTheProgramPassThrough() throws {
        let directory = TemporaryDirectory()
        let secret = try directory.file("credentials", "user:long-one\n")
        let loader = SettingsLoader(schema: Sample.flags)
        let settings = try loader.load(
            environment: ["MARATHON_TASK_LAUNCH_TIMEOUT": "1000", "MARATHON_HTTP_CREDENTIALS_FILE": secret, "HOME": "/"])
        #expect(settings.passedThrough == ["task_launch_timeout": "1000", "http_credentials": "user:long-one"])
        let text = mistakes(
            ["MARATHON_TASK_LAUNCH_TIMEOT": "1", "MARATHON_ZK": "zk://a", "MARATHON_HTTP_CREDENTIALS": "admin:changeit"],
            schema: Sample.flags)
        #expect(
            text == """
                MARATHON_HTTP_CREDENTIALS: is a password that everyone knows; choose another
                MARATHON_TASK_LAUNCH_TIMEOT: is not known to marathon; did you mean MARATHON_TASK_LAUNCH_TIMEOUT?
                MARATHON_ZK: can't be given: it is made of ZOO_SERVERS
                """)
        let file = try directory.file("flags.yaml", "flags:\n  task_launch_timeout: 5\n")
        #expect(try loader.load(environment: [:], file: file).passedThrough == ["task_launch_timeout": "5"])
        #expect(
            try loader.load(environment: ["MARATHON_TASK_LAUNCH_TIMEOUT": "6"], file: file).passedThrough == ["task_launch_timeout": "6"])
    }
}
