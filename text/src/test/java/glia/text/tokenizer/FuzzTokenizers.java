package glia.text.tokenizer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Files of tokenizers that are meant to do harm: real ones with changes, and made-up ones of all kinds of components.
final class FuzzTokenizers {
    private static final JsonMapper MAPPER = JsonMapper.shared();
    private static final List<String> REAL = List.of("stories260K", "wordpiece", "wordpiece_cased", "unigram");

    private final Random random;

    FuzzTokenizers(Random random) {
        this.random = random;
    }

    /// The bytes of a `tokenizer.json`.
    byte[] file() {
        byte[] file = switch (random.nextInt(4)) {
            case 0 -> {
                JsonNode changed = real();
                for (int i = random.nextInt(3); i >= 0; i--) {
                    changed = mutated(changed);
                }
                yield MAPPER.writeValueAsBytes(changed);
            }
            case 1 -> {
                JsonNode changed = made();
                for (int i = random.nextInt(3); i >= 0; i--) {
                    changed = mutated(changed);
                }
                yield MAPPER.writeValueAsBytes(changed);
            }
            default -> MAPPER.writeValueAsBytes(made());
        };
        for (int i = random.nextInt(8) == 0 ? random.nextInt(4) + 1 : 0; i > 0; i--) {
            file[random.nextInt(file.length)] = (byte) random.nextInt(256);
        }
        return file;
    }

    private JsonNode real() {
        try {
            return MAPPER.readTree(Files.readAllBytes(TestData.resource(REAL.get(random.nextInt(REAL.size())))
                    .resolve("tokenizer.json")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Object value() {
        return switch (random.nextInt(12)) {
            case 0 -> null;
            case 1 -> List.of();
            case 2 -> Map.of();
            case 3 -> random.nextBoolean();
            case 4 -> random.nextInt(5) - 1;
            case 5 -> List.of(1L << 60, -1L << 40, 4294967295L, 0.5, 1e308, -0.0).get(random.nextInt(6));
            case 6 -> FuzzTexts.word(random).repeat(1 + random.nextInt(300));
            case 7 -> FuzzTexts.pick(random, "", "ByteLevel", "Split", "Metaspace", "Sequence", "Unigram",
                    "first", "NFKD");
            case 8 -> FuzzTexts.regex(random);
            default -> FuzzTexts.word(random);
        };
    }

    private JsonNode mutated(JsonNode node) {
        List<String> names = node.isObject() ? new ArrayList<>(node.propertyNames()) : List.of();
        if (node instanceof ObjectNode object && !names.isEmpty()) {
            String name = names.get(random.nextInt(names.size()));
            switch (random.nextInt(8)) {
                case 0 -> object.remove(name);
                case 1 -> object.set(FuzzTexts.word(random) + name, object.get(name));
                default -> object.set(name, mutated(object.get(name)));
            }
            return object;
        }
        if (node instanceof ArrayNode array && !array.isEmpty()) {
            int at = random.nextInt(array.size());
            switch (random.nextInt(6)) {
                case 0 -> array.remove(at);
                case 1 -> array.insert(at, array.get(random.nextInt(array.size())).deepCopy());
                default -> array.set(at, mutated(array.get(at)));
            }
            return array;
        }
        return MAPPER.valueToTree(value());
    }

    private ObjectNode made() {
        ObjectNode all = MAPPER.createObjectNode().put("version", "1.0");
        Set<String> pieces = new LinkedHashSet<>(List.of("<unk>", "a", "b", "ab", "Ġ", "▁", "<s>"));
        for (int i = random.nextInt(20); i > 0; i--) {
            pieces.add(FuzzTexts.word(random));
        }
        for (int i = random.nextInt(3) == 0 ? 256 : 0; i > 0; i--) {
            pieces.add("<0x%02X>".formatted(i - 1));
        }
        all.set("truncation", random.nextInt(4) > 0 ? null : MAPPER.valueToTree(Map.of("max_length", number(),
                "strategy", "LongestFirst", "stride", number(), "direction", "Right")));
        all.set("padding", random.nextInt(4) > 0 ? null : MAPPER.valueToTree(Map.of(
                "strategy", Map.of("Fixed", number()),
                "direction", "Left", "pad_id", number(), "pad_type_id", 0, "pad_token", FuzzTexts.word(random))));
        ArrayNode added = all.putArray("added_tokens");
        for (int i = random.nextInt(5); i > 0; i--) {
            List<String> list = List.copyOf(pieces);
            boolean isPiece = random.nextBoolean();
            int id = isPiece ? random.nextInt(list.size()) : list.size() + random.nextInt(8) - 1;
            added.addObject().put("id", id).put("content", isPiece ? list.get(id) : FuzzTexts.word(random))
                    .put("special", random.nextBoolean()).put("normalized", random.nextBoolean())
                    .put("single_word", random.nextInt(4) == 0).put("lstrip", random.nextInt(4) == 0)
                    .put("rstrip", random.nextInt(4) == 0);
        }
        all.set("normalizer", steps("normalizers", this::normalizer));
        all.set("pre_tokenizer", steps("pretokenizers", this::preTokenizer));
        all.set("post_processor", postProcessor());
        all.set("decoder", random.nextInt(4) == 0 ? steps("decoders", this::decoder)
                : typed("ByteLevel", "WordPiece", "Metaspace", "ByteFallback"));
        all.set("model", model(List.copyOf(pieces)));
        return all;
    }

    private long number() {
        return List.of(0L, 1L, 8L, 1L << 20, 1L << 60, -1L).get(random.nextInt(6));
    }

    private JsonNode steps(String plural, java.util.function.Supplier<ObjectNode> step) {
        int count = random.nextInt(20) == 0 ? random.nextInt(40) : random.nextInt(4);
        if (count == 0) {
            return MAPPER.nullNode();
        }
        if (count == 1) {
            return step.get();
        }
        ObjectNode all = MAPPER.createObjectNode().put("type", "Sequence");
        ArrayNode array = all.putArray(plural);
        for (int i = 0; i < count; i++) {
            array.add(step.get());
        }
        return all;
    }

    private ObjectNode typed(String... types) {
        return MAPPER.createObjectNode().put("type", FuzzTexts.pick(random, types));
    }

    private void addPattern(ObjectNode node) {
        node.set("pattern", random.nextInt(3) == 0
                ? MAPPER.createObjectNode().put("String",
                        random.nextInt(20) == 0 ? "a".repeat(300) : FuzzTexts.word(random))
                : MAPPER.createObjectNode().put("Regex", FuzzTexts.regex(random)));
    }

    private ObjectNode normalizer() {
        ObjectNode node = typed("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "Strip", "Prepend",
                "Replace", "Replace", "Replace", "BertNormalizer", "Precompiled",
                random.nextInt(9) == 0 ? "ByteLevel" : "NFC");
        switch (node.path("type").asString()) {
            case "Prepend" -> node.put("prepend", FuzzTexts.word(random).repeat(1 + random.nextInt(20)));
            case "Replace" -> {
                addPattern(node);
                node.put("content", random.nextInt(3) == 0 ? ""
                        : FuzzTexts.word(random).repeat(1 + random.nextInt(20)));
            }
            case "Strip" -> node.put("strip_left", random.nextBoolean()).put("strip_right", random.nextBoolean());
            case "BertNormalizer" -> node.put("lowercase", random.nextBoolean()).put("clean_text",
                    random.nextBoolean());
            case "Precompiled" -> node.set("precompiled_charsmap",
                    TestData.json(TestData.resource("unigram/tokenizer.json")).findValue("precompiled_charsmap"));
            default -> { }
        }
        return node;
    }

    private ObjectNode preTokenizer() {
        ObjectNode node = typed("ByteLevel", "Split", "Split", "Split", "Metaspace", "Digits", "Whitespace",
                "WhitespaceSplit", "BertPreTokenizer", "Punctuation",
                random.nextInt(9) == 0 ? "UnicodeScripts" : "Digits");
        node.put("behavior", FuzzTexts.pick(random, "Isolated", "Removed", "MergedWithPrevious", "MergedWithNext",
                "Contiguous"));
        switch (node.path("type").asString()) {
            case "Split" -> {
                addPattern(node);
                node.put("invert", random.nextBoolean());
            }
            case "Metaspace" -> node.put("replacement", FuzzTexts.pick(random, "▁", "▁", "▁", "_", "é", "🙂", "", "ab"))
                    .put("prepend_scheme", FuzzTexts.pick(random, "always", "never", "first"));
            case "ByteLevel" -> node.put("add_prefix_space", random.nextBoolean()).put("use_regex",
                    random.nextBoolean());
            case "Digits" -> node.put("individual_digits", random.nextBoolean());
            default -> { }
        }
        return node;
    }

    private JsonNode postProcessor() {
        ObjectNode node = typed("", "ByteLevel", "TemplateProcessing", "BertProcessing", "RobertaProcessing");
        if (node.path("type").asString().isEmpty()) {
            return MAPPER.nullNode();
        }
        ArrayNode single = node.putArray("single");
        single.addObject().putObject("SpecialToken").put("id", "<s>").put("type_id", 0);
        single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        node.putObject("special_tokens").putObject("<s>").put("id", "<s>").putArray("ids").add(random.nextInt(9));
        node.putArray("cls").add("<s>").add(random.nextInt(9) - 1);
        node.putArray("sep").add("<s>").add(number());
        return node;
    }

    private ObjectNode decoder() {
        ObjectNode node = typed("ByteLevel", "WordPiece", "Replace", "Replace", "Metaspace", "ByteFallback", "Fuse",
                "Strip", "CTC");
        switch (node.path("type").asString()) {
            case "WordPiece" -> node.put("prefix", FuzzTexts.pick(random, "##", "")).put("cleanup",
                    random.nextBoolean());
            case "Replace" -> {
                node.putObject("pattern").put(random.nextInt(4) == 0 ? "Regex" : "String", FuzzTexts.word(random));
                node.put("content", FuzzTexts.word(random).repeat(1 + random.nextInt(200)));
            }
            case "Strip" -> node.put("content", " ").put("start", number()).put("stop", random.nextInt(2));
            default -> { }
        }
        return node;
    }

    private ObjectNode model(List<String> pieces) {
        ObjectNode model = typed("BPE", "BPE", "WordPiece", "Unigram", random.nextInt(9) == 0 ? "WordLevel" : "BPE");
        model.put("byte_fallback", random.nextBoolean());
        if (model.path("type").asString().equals("Unigram")) {
            if (random.nextInt(6) > 0) {
                model.put("unk_id", random.nextInt(8) == 0 ? number() : 0);
            }
            ArrayNode vocabulary = model.putArray("vocab");
            for (String piece : pieces) {
                vocabulary.addArray().add(piece).add(random.nextInt(9) == 0 ? -1e308 : -random.nextDouble());
            }
            return model;
        }
        ObjectNode vocabulary = model.putObject("vocab");
        for (int id = 0; id < pieces.size(); id++) {
            vocabulary.put(pieces.get(id), id + (random.nextInt(40) == 0 ? random.nextInt(1000) : 0));
        }
        model.put("unk_token", FuzzTexts.pick(random, "<unk>", "<unk>", "<unk>", "<unk>", "<unk>", "a", "<no>"));
        model.put("fuse_unk", random.nextBoolean()).put("ignore_merges", random.nextBoolean());
        if (model.path("type").asString().equals("BPE")) {
            ArrayNode merges = model.putArray("merges");
            merges.add("a b");
            for (int i = random.nextInt(3); i > 0; i--) {
                String piece = pieces.get(random.nextInt(pieces.size()));
                int at = random.nextInt(piece.length() + 1);
                merges.addArray().add(piece.substring(0, at)).add(piece.substring(at));
            }
        } else {
            model.put("continuing_subword_prefix", FuzzTexts.pick(random, "##", "", "a", "🙂")).put(
                    "max_input_chars_per_word", random.nextInt(4) > 0 ? 100 : number());
        }
        return model;
    }
}
