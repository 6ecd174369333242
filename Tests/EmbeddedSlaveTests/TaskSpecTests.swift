import ClusterCore
import JSON
import Mesos
import Testing

@testable import EmbeddedMesos

@Suite struct TaskSpecTests {
    private func task(_ members: JSONObject) -> JSON {
        var task: JSONObject = [
            "name": "t", "task_id": ["value": "t.1"], "agent_id": ["value": "S0"],
            "resources": [
                ["name": "cpus", "type": "SCALAR", "scalar": ["value": 0.5]], ["name": "mem", "type": "SCALAR", "scalar": ["value": 64]],
            ],
        ]
        for (key, value) in members { task[key] = value }
        return .object(task)
    }

    private func refusal(_ members: JSONObject) -> String? {
        do throws(ClusterError) {
            _ = try TaskSpec(task: task(members))
            return nil
        } catch {
            return error.message
        }
    }

    @Test func `a shell command and an argv are told apart`() throws {
        #expect(try TaskSpec(task: task(["command": ["value": "echo $A | cat"]])).program.argv == ["/bin/sh", "-c", "echo $A | cat"])
        let argv: JSON = ["shell": false, "value": "/bin/echo", "arguments": ["echo", "$A", "b c"]]
        #expect(try TaskSpec(task: task(["command": argv])).program.argv == ["/bin/echo", "$A", "b c"])
    }

    @Test(
        arguments: [
            (["executor": ["executor_id": ["value": "x"]]], "custom executor"),
            (["command": ["value": "x"], "container": ["type": "MESOS", "mesos": ["image": ["type": "DOCKER"]]]], "images in containers"),
            (["command": ["value": "x"], "resources": [["name": "gpus", "type": "SCALAR", "scalar": ["value": 1]]]], "gpus"),
            (["command": ["value": "x"], "health_check": ["type": "HTTP", "http": ["port": 1, "scheme": "ftp"]]], "'ftp'"),
            (["command": ["value": "x", "environment": ["variables": [["name": "A", "type": "SECRET", "secret": [:]]]]]], "secret"),
            (["command": ["value": "x"], "check": ["type": "TCP"]], "check"),
            (["command": [:]], "neither a command nor a Docker image"),
            (
                [
                    "container": [
                        "type": "DOCKER",
                        "docker": ["image": "i", "network": "HOST", "port_mappings": [["host_port": 1, "container_port": 2]]],
                    ]
                ], "BRIDGE"
            ),
        ] as [(JSONObject, String)])
    func `what is not supported is refused by name`(members: JSONObject, word: String) {
        #expect(refusal(members)?.contains(word) ?? false, "\(refusal(members) ?? "accepted")")
    }

    @Test(arguments: ["../up", ".", "..", "a/b", "", "a\nb"]) func `an id that is no directory's name is refused`(id: String) {
        #expect(refusal(["task_id": ["value": .string(id)], "command": ["value": "x"]]) != nil)
    }

    @Test func `a container becomes the client's options`() throws {
        let spec = try TaskSpec(
            task: task([
                "command": ["shell": false, "arguments": ["serve", "--port", "80"], "user": "www-data"],
                "container": [
                    "type": "DOCKER",
                    "volumes": [
                        ["container_path": "/data", "host_path": "/srv/data", "mode": "RO"],
                        ["container_path": "out", "host_path": "out", "mode": "RW"],
                        [
                            "container_path": "/v", "mode": "RW",
                            "source": ["type": "DOCKER_VOLUME", "docker_volume": ["driver": "rexray", "name": "vol"]],
                        ],
                    ],
                    "docker": [
                        "image": "web:1", "network": "BRIDGE", "privileged": true, "force_pull_image": true,
                        "port_mappings": [["host_port": 31000, "container_port": 80, "protocol": "tcp,udp"]],
                        "parameters": [["key": "cap-add", "value": "NET_ADMIN"], ["key": "env", "value": "TOKEN=s3cret"]],
                    ],
                ],
            ]))
        let docker = try #require(spec.docker)
        let variables = DockerVariables(["PEM": "a\nb", "PASSWORD": "s3cret"], file: "/e")
        let client = DockerCommand(program: "docker", socket: "/s")
        let argv = client.run(
            docker, task: spec, name: "mesos-S0.c", labels: ["l=1"], variables, sandbox: "/box", mount: "/mnt/mesos/sandbox")
        #expect(
            argv == [
                "docker", "-H", "unix:///s", "run", "--detach", "--name", "mesos-S0.c", "--label", "l=1", "--privileged", "--cpu-shares",
                "512",
                "--memory", "67108864", "--env-file", "/e", "--env", "PEM", "--user", "www-data", "--volume", "/box:/mnt/mesos/sandbox",
                "--volume", "/srv/data:/data:ro", "--volume", "/box/out:/mnt/mesos/sandbox/out:rw", "--volume", "vol:/v:rw",
                "--volume-driver", "rexray", "--network", "bridge", "--publish", "31000:80/tcp", "--publish", "31000:80/udp",
                "--cap-add=NET_ADMIN", "web:1", "serve", "--port", "80",
            ])
        let check = client.exec("mesos-S0.c", .shell("true"), variables)
        #expect(
            check == ["docker", "-H", "unix:///s", "exec", "--env-file", "/e", "--env", "PEM", "mesos-S0.c", "/bin/sh", "-c", "true"])
        #expect(!(argv + check).contains { $0.contains("s3cret") })
    }
}
