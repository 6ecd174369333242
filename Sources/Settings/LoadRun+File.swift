import YAML

extension LoadRun {
    /// Takes what the settings file gives.
    mutating func readFile(_ path: String, mustExist: Bool) {
        let file: SmallFile
        do throws(SmallFile.Problem) {
            file = try SmallFile(path, limit: SettingsLoader.largestFile)
        } catch {
            switch error {
            case .missing where !mustExist: break
            case .missing: fail(path, "does not exist: create the settings file or correct \(SettingsLoader.fileVariable)")
            case .other(let reason): fail(path, reason)
            }
            return
        }
        do throws(YAMLError) {
            guard let root = try YAML.parse(bytes: file.bytes, source: path), !root.isNull else { return }
            for pair in try root.mapping() { take(pair, path: path, isWorldReadable: file.isWorldReadable) }
        } catch {
            fail("\(error.source):\(error.mark)", error.reason)
        }
    }

    private mutating func take(_ pair: YAMLPair, path: String, isWorldReadable: Bool) {
        let place = "\(path):\(pair.mark)"
        if pair.key == SettingsLoader.flagsKey, let flags = schema.passThrough {
            takeFlags(pair.value, flags, path: path, isWorldReadable: isWorldReadable)
            return
        }
        guard let declaration = schema.settings.first(where: { $0.name == pair.key }) else {
            if pair.key.hasSuffix("_file"), let named = schema.settings.first(where: { $0.name == pair.key.dropLast(5) }) {
                takeSecretFile(pair, named, place: place)
                return
            }
            let near = NearestName.of(pair.key, among: schema.settings.map(\.name))
            fail(place, "the key '\(pair.key)' is not known to \(schema.component)\(near.map { "; did you mean \($0)?" } ?? "")")
            return
        }
        if declaration.isSecret, isWorldReadable {
            failed.insert(declaration.name)
            fail(place, "\(pair.key) is secret, but everyone may read \(path): chmod it to 0600, or use \(declaration.variable)_FILE")
            return
        }
        guard entries[declaration.name] == nil else {
            failed.insert(declaration.name)
            fail(place, "\(pair.key) is given together with \(pair.key)_file; give one of them")
            return
        }
        do throws(YAMLError) {
            let text = try text(of: pair.value, declaration)
            entries[declaration.name] = ResolvedSettings.Entry(text: text, origin: .file(path: path, line: pair.mark.line))
        } catch {
            failed.insert(declaration.name)
            fail("\(path):\(error.mark)", "\(pair.key): \(error.reason)")
        }
    }

    /// `<key>_file` names a file that holds the key's value, as `<VARIABLE>_FILE` does.
    private mutating func takeSecretFile(_ pair: YAMLPair, _ declaration: SettingDeclaration, place: String) {
        guard entries[declaration.name] == nil else {
            failed.insert(declaration.name)
            fail(place, "\(pair.key) is given together with \(declaration.name); give one of them")
            return
        }
        guard let path = try? pair.value.scalarText(), let text = secret(variable: "\(place): \(pair.key)", path: path) else {
            failed.insert(declaration.name)
            if (try? pair.value.scalarText()) == nil { fail(place, "\(pair.key): expected a path, found \(pair.value.kind)") }
            return
        }
        entries[declaration.name] = ResolvedSettings.Entry(text: text, origin: .secretFile(variable: "\(place): \(pair.key)", path: path))
    }

    /// A scalar as written, or the elements of a list joined by commas.
    private func text(of node: YAMLNode, _ declaration: SettingDeclaration) throws(YAMLError) -> String {
        if node.isNull { throw node.error("has no value: give one, or remove the line") }
        guard case .sequence(let elements) = node.content else {
            guard case .scalar(let scalar) = node.content else { throw node.error("expected \(declaration.allowed), found \(node.kind)") }
            return scalar.text
        }
        guard declaration.ansibleType == "list" else { throw node.error("expected \(declaration.allowed), found a sequence") }
        var texts: [String] = []
        for element in elements {
            let text = try element.scalarText()
            guard !text.contains(",") else { throw element.error("an element can't hold a comma") }
            texts.append(text)
        }
        return texts.joined(separator: ",")
    }

    private mutating func takeFlags(_ node: YAMLNode, _ flags: SettingsSchema.PassThrough, path: String, isWorldReadable: Bool) {
        do throws(YAMLError) {
            for pair in try node.mapping() {
                let value = try pair.value.scalarText()
                if flags.secrets.contains(pair.key), isWorldReadable {
                    throw YAMLError(
                        source: path, mark: pair.mark, reason: "\(pair.key) is secret, but everyone may read this file: chmod it to 0600")
                }
                take(flags, name: pair.key, place: "\(path):\(pair.mark)", value: value, suggestionPrefix: nil)
            }
        } catch {
            fail("\(path):\(error.mark)", "flags: \(error.reason)")
        }
    }
}
