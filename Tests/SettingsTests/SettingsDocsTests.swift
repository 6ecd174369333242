import JSON
import Settings
import Testing
import YAML

struct SettingsDocsTests {
    @Test func theReferencePageNamesEverySetting() {
        let text = SettingsDocs.text(Sample.schema, format: .markdown)
        #expect(text.contains("| `ZOO_CLIENT_PORT` | `client_port` | a whole number, 1–65535 | `2181` | Port for clients. |\n"))
        #expect(
            text.contains(
                "| `ZOO_SERVERS` | `servers` | a comma-separated list, each text | **required** | Members. Also accepted: `ZOOKEEPER_MEMBERS`. |\n"
            ))
        #expect(text.contains("| `ZOO_PASSWORD` | `password` | text | none | Password. **Secret.** Also accepted: `ZK_PASS`. |\n"))
        #expect(text.hasSuffix("|\n"))
        let flags = SettingsDocs.text(Sample.flags, format: .markdown)
        #expect(flags.contains("`MARATHON_<FLAG>`") && flags.contains("| `MARATHON_ZK` | it is made of ZOO_SERVERS |"))
    }

    @Test func argumentSpecsAreYAMLThatAnsibleReads() throws {
        let text = SettingsDocs.text(Sample.schema, format: .argumentSpecs)
        let root = try #require(try YAML.parse(text, source: "argument_specs.yml")).json()
        let options = try #require(root["argument_specs"]?["main"]?["options"])
        #expect(options["zookeeper_client_port"]?["default"] == 2181)
        #expect(options["zookeeper_client_port"]?["type"] == "int")
        #expect(options["zookeeper_servers"]?["required"] == true)
        #expect(options["zookeeper_servers"]?["elements"] == "str")
        #expect(options["zookeeper_mode"]?["choices"] == ["fast", "safe"])
        #expect(options["zookeeper_mode"]?["default"] == "safe")
        #expect(options["zookeeper_wait"]?["default"] == "30secs")
        #expect(options["zookeeper_password"]?["description"] == "Password. Secret: keep it in a vault. Allowed: text.")
    }

    @Test func theComposeBlockPassesSecretsAsFiles() throws {
        let text = SettingsDocs.text(Sample.schema, format: .compose)
        let environment = try #require(try YAML.parse(text, source: "compose.yaml")?["environment"]).json()
        #expect(environment["ZOO_CLIENT_PORT"] == "${ZOO_CLIENT_PORT:-}")
        #expect(environment["ZOO_SERVERS"] == "${ZOO_SERVERS:?a comma-separated list, each text}")
        #expect(environment["ZOO_PASSWORD_FILE"] == "${ZOO_PASSWORD_FILE:-}")
        #expect(environment["ZOO_PASSWORD"] == nil)
    }
}
