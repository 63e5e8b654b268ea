package glia.text.template;

import glia.io.json.JsonTree;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// Finds templates in the files of a model's folder.
final class TemplateFiles {
    /// Larger files are not read: the tokenizer's settings of the largest vocabularies take a few MiB.
    private static final long MAX_SIZE_BYTES = 64L << 20;
    private static final String KEY = "chat_template";

    private TemplateFiles() {
    }

    static Optional<ChatTemplate> find(Path folder, String name) {
        boolean isDefault = name.equals(ChatTemplate.DEFAULT);
        Path file = isDefault ? folder.resolve("chat_template.jinja")
                : folder.resolve("additional_chat_templates").resolve(name + ".jinja");
        if (Files.isRegularFile(file)) {
            return Optional.of(ChatTemplate.parse(file.toString(), read(file)));
        }
        Optional<ChatTemplate> found = inJson(folder.resolve("chat_template.json"), name);
        found = found.isPresent() ? found : inJson(folder.resolve("tokenizer_config.json"), name);
        return found.isPresent() || !isDefault ? found : ofTekken(folder.resolve("tekken.json"));
    }

    /// The format of Mistral's chats, which tekken.json names by a version alone: before version 7 the system prompt is
    /// a part of the last user message.
    private static Optional<ChatTemplate> ofTekken(Path file) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        String version = readJson(file).path("config").path("version").asString("");
        boolean isOld = version.matches("v[123]");
        return version.isEmpty() ? Optional.empty() : Optional.of(ChatTemplate.parse(file.toString(),
                "{%- set system = messages[0]['content'] + '\n\n' if messages[0]['role'] == 'system' else '' %}"
                + "{{- bos_token }}{%- for message in messages %}{%- if message['role'] == 'user' %}{{- '[INST]' + "
                + (isOld ? "(system if loop.last else '') + " : "") + "message['content'] + '[/INST]' }}"
                + "{%- elif message['role'] == 'assistant' %}{{- message['content'] + eos_token }}"
                + (isOld ? "" : "{%- elif message['role'] == 'system' %}{{- '[SYSTEM_PROMPT]' + message['content'] + "
                + "'[/SYSTEM_PROMPT]' }}") + "{%- endif %}{%- endfor %}"));
    }

    static String read(Path file) {
        try {
            long sizeBytes = Files.size(file);
            if (sizeBytes > MAX_SIZE_BYTES) {
                throw new TemplateException(file.toString(), "the file has " + sizeBytes + " bytes; expected at most "
                        + MAX_SIZE_BYTES, null);
            }
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new TemplateException(file.toString(), "the file is not UTF-8 text", e);
        } catch (NoSuchFileException e) {
            throw new TemplateException(file.toString(), "there is no such file", e);
        } catch (IOException e) {
            throw new TemplateException(file.toString(), "the file cannot be read: " + e.getMessage(), e);
        }
    }

    static JsonNode readJson(Path file) {
        try {
            return JsonTree.parse(read(file));
        } catch (JacksonException e) {
            throw new TemplateException(file.toString(), "the file is not JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static Optional<ChatTemplate> inJson(Path file, String name) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        JsonNode templates = readJson(file).path(KEY);
        if (templates.isString()) {
            return name.equals(ChatTemplate.DEFAULT) ? parse(file, templates) : Optional.empty();
        }
        if (templates.isArray()) {
            for (JsonNode each : templates) {
                if (each.path("name").asString("").equals(name)) {
                    return parse(file, each.path("template"));
                }
            }
        } else if (templates.isObject() && templates.has(name)) {
            return parse(file, templates.path(name));
        } else if (!templates.isMissingNode() && !templates.isNull() && !templates.isObject()) {
            throw unfit(file, templates);
        }
        return Optional.empty();
    }

    private static Optional<ChatTemplate> parse(Path file, JsonNode template) {
        if (!template.isString()) {
            throw unfit(file, template);
        }
        return Optional.of(ChatTemplate.parse(file.toString(), template.stringValue()));
    }

    private static TemplateException unfit(Path file, JsonNode found) {
        return new TemplateException(file.toString(), "'" + KEY + "' holds " + found.getNodeType()
                + "; expected a string, or a list of objects with 'name' and 'template'", null);
    }

    /// A node as the maps, lists and scalars that templates take.
    static Object value(JsonNode node) {
        if (node.isObject()) {
            return object(node);
        }
        if (node.isArray()) {
            List<Object> list = new ArrayList<>();
            node.forEach(each -> list.add(value(each)));
            return list;
        }
        if (node.isString()) {
            return node.stringValue();
        }
        if (node.isBoolean()) {
            return node.booleanValue();
        }
        return node.isNumber() ? node.numberValue() : null;
    }

    /// An object as a map in its order.
    static Map<String, Object> object(JsonNode node) {
        Map<String, Object> map = new LinkedHashMap<>();
        node.properties().forEach(each -> map.put(each.getKey(), value(each.getValue())));
        return map;
    }
}
