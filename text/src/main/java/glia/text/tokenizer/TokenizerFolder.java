package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.ContentSniffer;
import glia.io.DisplayText;
import glia.io.json.JsonTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// Reads the tokenizer of a folder in the Hugging Face layout: `tokenizer.json`, and optionally `tokenizer_config.json`
/// and `special_tokens_map.json`, which name BOS and EOS and may add tokens, and `generation_config.json` and
/// `config.json`, which list the tokens that end generation.
final class TokenizerFolder {
    /// Larger than any tokenizer.json (33 MB for 262,144 pieces).
    private static final long MAX_BYTES = 1 << 28;
    /// Other files of a tokenizer, the first that exists is read.
    private static final List<String> OTHERS = List.of(TekkenFile.NAME, "tokenizer.model", "tokenizer.model.v7",
            "tokenizer.model.v3", "tokenizer.model.v2", "tokenizer.model.v1", "spiece.model");

    private final Path file;
    private final byte[] bytes;
    private final JsonNode config;
    private final JsonNode tokensMap;
    private final List<JsonNode> modelConfigs;

    /// The tokenizer of a folder: `tokenizer.json`, else Mistral's `tekken.json`, else SentencePiece's model.
    ///
    /// @throws CheckpointException if there is none, or it cannot be used
    static TokenizerSpec read(Path folder) throws IOException {
        Optional<Path> other = other(folder);
        if (other.isEmpty()) {
            return new TokenizerFolder(folder).spec();
        }
        Path file = other.get();
        return GgufTokenizer.read(file.endsWith(TekkenFile.NAME) ? TekkenFile.read(file, readJson(file))
                : TekkenFile.SentencePiece.read(file, read(file, "a SentencePiece model")));
    }

    /// Whether a folder has a tokenizer that can be read.
    static boolean isIn(Path folder) {
        return Files.isRegularFile(folder.resolve("tokenizer.json")) || other(folder).isPresent();
    }

    /// The file of a tokenizer in another form, where there is no `tokenizer.json`.
    private static Optional<Path> other(Path folder) {
        return Files.isRegularFile(folder.resolve("tokenizer.json")) ? Optional.empty()
                : OTHERS.stream().map(folder::resolve).filter(Files::isRegularFile).findFirst();
    }

    TokenizerFolder(Path folder) throws IOException {
        file = folder.resolve("tokenizer.json");
        if (!Files.isRegularFile(file)) {
            throw new CheckpointException(file, "", "is missing, and so are " + String.join(", ", OTHERS) + ". Other "
                    + "forms of a tokenizer (vocab.json) are not read; save the tokenizer in the fast form, or use a "
                    + "GGUF file of the model");
        }
        bytes = read(file, "JSON");
        config = readJson(folder.resolve("tokenizer_config.json"));
        tokensMap = readJson(folder.resolve("special_tokens_map.json"));
        modelConfigs = List.of(readJson(folder.resolve("generation_config.json")),
                readJson(folder.resolve("config.json")));
    }

    private static byte[] read(Path file, String expected) throws IOException {
        long sizeBytes = Files.size(file);
        if (sizeBytes > MAX_BYTES) {
            throw new CheckpointException(file, "", "has " + sizeBytes + " bytes, expected at most " + MAX_BYTES);
        }
        byte[] bytes = Files.readAllBytes(file);
        ContentSniffer.requireNoStub(file, bytes, expected);
        return bytes;
    }

    private static JsonNode readJson(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            return JsonTree.empty();
        }
        try {
            JsonNode node = JsonTree.parse(read(file, "JSON"));
            if (!node.isObject()) {
                throw new CheckpointException(file, "", "expected a JSON object");
            }
            return node;
        } catch (JacksonException e) {
            throw new CheckpointException(file, "", "is not JSON: "
                    + DisplayText.escape(e.getOriginalMessage()), e);
        }
    }

    /// Reads all files.
    TokenizerSpec spec() throws CheckpointException {
        TokenizerJson parsed = TokenizerJson.parse(bytes, file, furtherTokens());
        Vocabulary vocabulary = parsed.vocabulary();
        OptionalInt bos = token("bos_token", vocabulary);
        OptionalInt eos = token("eos_token", vocabulary);
        Set<Integer> ends = new LinkedHashSet<>();
        eos.ifPresent(ends::add);
        for (JsonNode node : modelConfigs) {
            ends.addAll(ids(node.path("eos_token_id"), "eos_token_id", vocabulary));
        }
        OptionalInt end = eos.isPresent() || ends.isEmpty() ? eos : OptionalInt.of(ends.iterator().next());
        Template template = parsed.template();
        if (bos.isPresent() && config.path("add_bos_token").isBoolean()) {
            template = template.withFirst(bos.getAsInt(), config.path("add_bos_token").asBoolean());
        }
        if (end.isPresent() && config.path("add_eos_token").isBoolean()) {
            template = template.withLast(end.getAsInt(), config.path("add_eos_token").asBoolean());
        }
        return new TokenizerSpec(file, TokenizerSource.of(parsed.json(), parsed.limit()), vocabulary,
                parsed.decoder(), template, bos, end, ends);
    }

    private List<AddedToken> furtherTokens() throws CheckpointException {
        List<AddedToken> tokens = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : config.path("added_tokens_decoder").properties()) {
            try {
                tokens.add(AddedToken.of(Integer.parseInt(entry.getKey()), entry.getValue()));
            } catch (NumberFormatException e) {
                throw new CheckpointException(file.resolveSibling("tokenizer_config.json"), "added_tokens_decoder",
                        "found the key " + DisplayText.quote(entry.getKey()) + ", expected a token id", e);
            }
        }
        return tokens;
    }

    /// The token of a role such as `bos_token`: by its text in the tokenizer's files, else by its id in the model's.
    private OptionalInt token(String role, Vocabulary vocabulary) throws CheckpointException {
        for (JsonNode node : List.of(config.path(role), tokensMap.path(role))) {
            String text = node.isString() ? node.asString() : node.path("content").asString("");
            if (!text.isEmpty()) {
                OptionalInt id = vocabulary.id(text);
                if (id.isEmpty()) {
                    throw new CheckpointException(file, role, "is " + DisplayText.quote(text)
                            + ", which the vocabulary does not have");
                }
                return id;
            }
        }
        for (JsonNode node : modelConfigs) {
            Optional<Integer> first = ids(node.path(role + "_id"), role + "_id", vocabulary).stream().findFirst();
            if (first.isPresent()) {
                return OptionalInt.of(first.get());
            }
        }
        return OptionalInt.empty();
    }

    /// The ids under a key: one, an array, or none.
    private List<Integer> ids(JsonNode node, String key, Vocabulary vocabulary) throws CheckpointException {
        List<Integer> ids = new ArrayList<>();
        for (JsonNode one : node.isArray() ? node : List.of(node)) {
            if (one.isMissingNode() || one.isNull()) {
                continue;
            }
            if (!one.isInt() || one.asInt() < 0 || one.asInt() >= vocabulary.size()) {
                throw new CheckpointException(file.getParent(), key, "found " + one + ", expected an id below "
                        + vocabulary.size() + ", the size of the vocabulary");
            }
            ids.add(one.asInt());
        }
        return ids;
    }
}
