package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.ContentSniffer;
import glia.io.DisplayText;
import glia.io.json.JsonTree;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
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
/// `config.json`, which list the tokens that end generation. A `vocab.json` without merges is one of letters, as models
/// of speech have it.
final class TokenizerFolder {
    /// Larger than any tokenizer.json (33 MB for 262,144 pieces).
    private static final long MAX_BYTES = 1 << 28;
    /// Other files of a tokenizer, the first that exists is read.
    private static final List<String> OTHERS = List.of(TekkenFile.NAME, "tokenizer.model", "tokenizer.model.v7",
            "tokenizer.model.v3", "tokenizer.model.v2", "tokenizer.model.v1", "spiece.model");

    private static final String LETTERS = "vocab.json";

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
        return Files.isRegularFile(folder.resolve("tokenizer.json")) || other(folder).isPresent()
                || isOfLetters(folder);
    }

    private static boolean isOfLetters(Path folder) {
        return Files.isRegularFile(folder.resolve(LETTERS)) && !Files.exists(folder.resolve("merges.txt"))
                && !Files.exists(folder.resolve("tokenizer.json"));
    }

    /// The file of a tokenizer in another form, where there is no `tokenizer.json`.
    private static Optional<Path> other(Path folder) {
        return Files.isRegularFile(folder.resolve("tokenizer.json")) ? Optional.empty()
                : OTHERS.stream().map(folder::resolve).filter(Files::isRegularFile).findFirst();
    }

    TokenizerFolder(Path folder) throws IOException {
        boolean isOfLetters = isOfLetters(folder);
        file = folder.resolve(isOfLetters ? LETTERS : "tokenizer.json");
        if (!Files.isRegularFile(file)) {
            throw new CheckpointException(file, "", "is missing, and so are " + String.join(", ", OTHERS) + ". Other "
                    + "forms of a tokenizer (vocab.json and merges.txt) are not read; save the tokenizer in the fast "
                    + "form, or use a GGUF file of the model");
        }
        config = readJson(folder.resolve("tokenizer_config.json"));
        bytes = isOfLetters ? letters(file, config.path("word_delimiter_token").asString("|")) : read(file, "JSON");
        tokensMap = readJson(folder.resolve("special_tokens_map.json"));
        modelConfigs = List.of(readJson(folder.resolve("generation_config.json")),
                readJson(folder.resolve("config.json")));
    }

    /// A `tokenizer.json` for letters and a piece between words.
    private static byte[] letters(Path file, String delimiter) throws IOException {
        Map<String, Integer> pieces = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : readJson(file).properties()) {
            if (!entry.getValue().isInt()) {
                throw new CheckpointException(file, entry.getKey(), "found "
                        + DisplayText.quote(entry.getValue().toString()) + ", expected the id of a piece");
            }
            pieces.put(entry.getKey(), entry.getValue().asInt());
        }
        List<Map<String, Object>> special = pieces.keySet().stream().filter(p -> p.matches("<.+>"))
                .map(p -> Map.<String, Object>of("id", pieces.get(p), "content", p, "special", true, "single_word",
                        false, "lstrip", false, "rstrip", false, "normalized", false)).toList();
        return JsonTree.of(Map.of("version", "1.0", "added_tokens", special, "normalizer", replaced(" ", delimiter),
                "decoder", replaced(delimiter, " "), "model", Map.of("type", "BPE", "vocab", pieces, "merges",
                        List.of()))).toString().getBytes(StandardCharsets.UTF_8);
    }

    private static Map<String, Object> replaced(String from, String to) {
        return Map.of("type", "Replace", "pattern", Map.of("String", from), "content", to);
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
