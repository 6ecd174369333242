import ClusterCore
import JSON
import Settings
import Templating

/// keepalived's configuration file (keepalived.conf(5) of version 2.2).
enum KeepalivedTemplate {
    static let name = "keepalived.conf.mustache"

    /// Names: router_id, version, notices (a path), track_file (a path, or null), is_group, instances {name, interface, vrid, priority,
    /// advert, nopreempt, source, password, is_tracked, peers, virtual_addresses}.
    ///
    /// Members of a group hold their addresses together, and only a group's track file moves them together (keepalived.conf(5),
    /// "VRRP synchronization group"). Weight 0 makes an unready HAProxy a fault: the addresses are given up at once.
    ///
    /// A master says every 2 s where the addresses are (gratuitous ARP and NA): a client that asked while the paused kernel of another
    /// node still answered, which ends with the address's lease, finds the right one soon.
    static let text = """
        # Written by keepalived-wrap: what is changed here is lost at its next start.
        global_defs {
            router_id {{router_id}}
            vrrp_version {{version}}
            vrrp_notify_fifo "{{notices}}"
            vrrp_garp_master_delay 1
            vrrp_garp_master_refresh 2
        }
        {{#track_file}}

        track_file haproxy {
            file "{{.}}"
            weight 0
        }
        {{/track_file}}
        {{#is_group}}

        vrrp_sync_group vips {
            group {
                {{#instances}}
                {{name}}
                {{/instances}}
            }
            {{#track_file}}
            track_file {
                haproxy
            }
            {{/track_file}}
        }
        {{/is_group}}
        {{#instances}}

        vrrp_instance {{name}} {
            state BACKUP
            interface {{interface}}
            virtual_router_id {{vrid}}
            priority {{priority}}
            advert_int {{advert}}
            {{#nopreempt}}
            nopreempt
            {{/nopreempt}}
            {{#source}}
            {{#is_unicast}}
            unicast_src_ip {{source}}
            {{/is_unicast}}
            {{^is_unicast}}
            mcast_src_ip {{source}}
            {{/is_unicast}}
            {{/source}}
            {{#is_unicast}}
            check_unicast_src
            unicast_peer {
                {{#peers}}
                {{.}}
                {{/peers}}
            }
            {{/is_unicast}}
            {{#password}}
            authentication {
                auth_type PASS
                auth_pass {{password}}
            }
            {{/password}}
            virtual_ipaddress {
                {{#virtual_addresses}}
                {{.}} dev {{interface}}
                {{/virtual_addresses}}
            }
            {{#is_tracked}}
            track_file {
                haproxy
            }
            {{/is_tracked}}
        }
        {{/instances}}

        """

    /// The names and their values.
    static func context(
        _ layout: VRRPLayout, settings: ResolvedSettings, routerName: String, trackFile: String?, notices: String, advert: Duration
    ) -> JSON {
        let isGroup = layout.instances.count > 1
        let instances = layout.instances.map { instance -> JSON in
            // IPv6 multicast adverts must come from the link-local address (RFC 5798, section 5.1.2.1).
            let source = instance.family == .ipv6 && instance.peers.isEmpty ? nil : instance.source
            return [
                "name": .string(instance.name), "interface": .string(layout.interface),
                "vrid": .number(settings[KeepalivedSettings.routerID]),
                "priority": .number(layout.priority), "advert": .string(seconds(advert)),
                "nopreempt": .bool(settings[KeepalivedSettings.keepsOwner]), "source": source.map { .string($0.description) } ?? .null,
                "is_unicast": .bool(!instance.peers.isEmpty), "peers": .array(instance.peers.map { .string($0.description) }),
                "password": settings[KeepalivedSettings.password].map { .string($0) } ?? .null,
                "virtual_addresses": .array(instance.virtualAddresses.map { .string($0.description) }),
                "is_tracked": .bool(trackFile != nil && !isGroup),
            ]
        }
        return [
            "router_id": .string(routerName), "version": .string(settings[KeepalivedSettings.version].rawValue),
            "notices": .string(notices), "track_file": trackFile.map { .string($0) } ?? .null, "is_group": .bool(isGroup),
            "instances": .array(instances),
        ]
    }

    /// Seconds with at most two decimals, as VRRP counts centiseconds.
    static func seconds(_ duration: Duration) -> String {
        let centiseconds = duration.milliseconds / 10
        let (whole, rest) = (centiseconds / 100, centiseconds % 100)
        if rest == 0 { return String(whole) }
        return rest % 10 == 0 ? "\(whole).\(rest / 10)" : "\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }
}
