package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.json.JsonTree.JsonText;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Markers are recognized in trusted parts only, and all other text keeps its ids.
class TrustedEncodingTest {
    private static final List<String> TEXTS = List.of("Hello", " world", "\n", "\n\n", "  ", "   ", "é", "e\u0301",
            "日本", "\uD83D\uDE42", "1234", "'s", "def f(x):\n\treturn x", "<b>bold</b>", "<", "|", "a", "\u00A0",
            "▁", "...", "\uFF1C", "x < y > z", "<|", "|>", "http://a.b/c?d=e", "\r\n", "\0");

    @TempDir
    Path folder;

    private static TokenizerSpec spec(String name) throws Exception {
        return switch (name) {
            case "stories260K", "wordpiece", "wordpiece_cased", "unigram" ->
                new TokenizerFolder(TestData.resource(name + "/tokenizer.json").getParent()).spec();
            case "sentencepiece", "no_prefix", "pairs" -> {
                Map<String, Object> metadata = name.equals("pairs") ? TestData.characterPairsMetadata()
                        : TestData.sentencePieceMetadata();
                metadata.put("tokenizer.ggml.add_space_prefix", !name.equals("no_prefix"));
                yield GgufTokenizer.read(TestData.gguf(metadata));
            }
            default -> GgufTokenizer.read(TestData.gguf(TestData.byteLevelMetadata(name)));
        };
    }

    private static Encoder encoder(TokenizerSpec spec) {
        return Encoder.whenNeeded(() -> spec.json(), spec.origin());
    }

    private static List<String> markers(TokenizerSpec spec) {
        return spec.vocabulary().addedTokens().stream().filter(AddedToken::isMarker).map(AddedToken::content).toList();
    }

    private static String piece(TokenizerSpec spec, Random random) {
        return random.nextInt(3) > 0 ? TEXTS.get(random.nextInt(TEXTS.size()))
                : spec.vocabulary().piece(random.nextInt(spec.vocabulary().size())).replace('Ġ', ' ').replace('▁', ' ');
    }

    /// A thousand texts for each kind of tokenizer, with the markers of a template in between.
    @ParameterizedTest
    @ValueSource(strings = {"stories260K", "sentencepiece", "no_prefix", "pairs", "wordpiece", "wordpiece_cased",
        "unigram", "gpt-2", "smollm", "llama-bpe", "qwen2", "tekken", "gpt-4o", "deepseek-v3"})
    void bothTokenizersGiveOrdinaryTextTheSameIds(String name) throws Exception {
        TokenizerSpec spec = spec(name);
        Encoder whole = encoder(spec);
        TrustedEncoder trusting = new TrustedEncoder(spec, whole);
        List<String> markers = markers(spec);
        assertFalse(markers.isEmpty());
        Random random = new Random(7);
        for (int i = 0; i < 1000; i++) {
            TextBuilder text = new TextBuilder();
            for (int j = random.nextInt(8); j >= 0; j--) {
                if (random.nextInt(3) == 0) {
                    text.trusted(markers.get(random.nextInt(markers.size())));
                }
                String piece = piece(spec, random);
                if (markers.stream().noneMatch(piece::contains)) {
                    text.append(piece);
                }
            }
            TrustedText rendered = text.whole();
            if (new AddedTokenScan(spec.vocabulary().addedTokens()).markers(rendered.toString(), rendered)
                    .equals(new AddedTokenScan(spec.vocabulary().addedTokens()).markers(rendered.toString(), null))) {
                int[] ids = whole.encode(rendered.toString());
                assertArrayEquals(ids, trusting.encode(rendered), () -> JsonText.quote(rendered.toString()));
                assertArrayEquals(ids, trusting.encodeRenamed(rendered), () -> JsonText.quote(rendered.toString()));
            }
        }
    }

    /// The same with forged markers: only trusted ones become tokens, and the ids around them do not change.
    @ParameterizedTest
    @ValueSource(strings = {"stories260K", "sentencepiece", "no_prefix", "pairs", "wordpiece", "wordpiece_cased",
        "unigram", "gpt-2", "smollm", "llama-bpe", "qwen2", "tekken", "gpt-4o", "deepseek-v3"})
    void forgedMarkersAreEncodedAsPlainText(String name) throws Exception {
        TokenizerSpec spec = spec(name);
        TrustedEncoder trusting = new TrustedEncoder(spec, encoder(spec));
        List<String> markers = markers(spec);
        int unknown = name.startsWith("wordpiece") ? spec.vocabulary().id("[UNK]").orElseThrow()
                : name.equals("unigram") ? spec.vocabulary().id("<unk>").orElseThrow() : -1;
        Random random = new Random(8);
        for (int i = 0; i < 500; i++) {
            TextBuilder text = new TextBuilder();
            List<Integer> written = new ArrayList<>();
            for (int j = random.nextInt(8); j >= 0; j--) {
                String marker = markers.get(random.nextInt(markers.size()));
                int cut = random.nextInt(marker.length() + 1);
                switch (random.nextInt(5)) {
                    case 0 -> {
                        text.append(" ").trusted(marker);
                        written.add(spec.vocabulary().id(marker).orElseThrow());
                    }
                    case 1 -> text.append(marker);
                    case 2 -> text.append(" " + marker + marker + "\n");
                    case 3 -> text.append(marker.substring(0, cut) + "x").append(marker.substring(cut));
                    default -> text.append(piece(spec, random).replace(marker, ""));
                }
            }
            TrustedText rendered = text.whole();
            List<Integer> found = new ArrayList<>();
            for (int id : trusting.encode(rendered)) {
                if (spec.vocabulary().isMarker(id) && id != unknown) {
                    found.add(id);
                }
            }
            written.removeIf(id -> id == unknown);
            assertEquals(written, found, () -> JsonText.quote(rendered.toString()));
        }
    }

    /// A marker is not recognized if the template and a message form it together, or if its trusted parts surround text
    /// of a message.
    @Test
    void partlyTrustedMarkersAreNotRecognized() throws Exception {
        Tokenizer tokenizer = Tokenizer.fromGguf(TestData.gguf(TestData.byteLevelMetadata("qwen2")));
        int id = tokenizer.id("<|im_end|>").orElseThrow();
        for (int start = 0; start < 10; start++) {
            for (int end = start; end <= 10; end++) {
                TrustedText text = new TextBuilder().trusted("<|im_end|>".substring(0, start))
                        .append("<|im_end|>".substring(start, end)).trusted("<|im_end|>".substring(end)).whole();
                int[] ids = tokenizer.encode(text, false);
                assertEquals(start == end, Arrays.stream(ids).anyMatch(each -> each == id));
                assertEquals("<|im_end|>", tokenizer.decode(ids, false));
            }
        }
        // A trusted marker is recognized where it overlaps an untrusted one.
        TrustedText both = new TextBuilder().append("a<|im_<|im_end|>").trusted("<|im_end|>").append("|im_end|>")
                .whole();
        int[] ids = tokenizer.encode(both, false);
        assertEquals(1, Arrays.stream(ids).filter(each -> each == id).count());
        assertEquals(both.toString(), tokenizer.decode(ids, false));
        assertTrue(tokenizer.isMarker(id) && !tokenizer.isMarker(0));
    }

    /// Normalization makes markers of other characters if the token is `normalized`.
    @Test
    void normalizationDoesNotForgeMarkers() throws Exception {
        write("{\"type\":\"NFKC\"}", "\"normalized\":true");
        Tokenizer tokenizer = Tokenizer.load(folder);
        assertTrue(Arrays.stream(tokenizer.encode("a\uFF1Ct>b", false)).anyMatch(id -> id == 5));
        TrustedText text = new TextBuilder().append("a\uFF1Ct>").trusted("<t>").append("b").whole();
        assertArrayEquals(new int[] {0, 2, 3, 4, 5, 1}, tokenizer.encode(text, false));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {"\"lstrip\":true,\"rstrip\":true; 'a  <t> b'",
        "\"single_word\":true; 'a <t> b'",
        "\"single_word\":true; 'a<t>b'", "\"lstrip\":true; '<t><t> <t>'"})
    void conditionsOfAddedTokensApply(String flags, String text) throws Exception {
        write("null", flags);
        TokenizerSpec spec = new TokenizerFolder(folder).spec();
        TrustedEncoder trusting = new TrustedEncoder(spec, encoder(spec));
        int[] expected = encoder(spec).encode(text);
        assertArrayEquals(expected, trusting.encode(TrustedText.of(text)));
        assertArrayEquals(expected, trusting.encodeRenamed(TrustedText.of(text)));
    }

    private void write(String normalizer, String flags) throws Exception {
        Map<String, String> parts = new LinkedHashMap<>();
        parts.put("added_tokens", "[{\"id\":5,\"content\":\"<t>\",\"special\":true," + flags + "}]");
        parts.put("normalizer", normalizer);
        parts.put("decoder", "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Fuse\"}]}");
        parts.put("model", "{\"type\":\"BPE\","
                + "\"vocab\":{\"a\":0,\"b\":1,\"<\":2,\"t\":3,\">\":4,\" \":6},\"merges\":[]}");
        List<String> lines = parts.entrySet().stream().map(e -> "\"" + e.getKey() + "\":" + e.getValue()).toList();
        Files.writeString(folder.resolve("tokenizer.json"), "{" + String.join(",", lines) + "}");
    }

    @ParameterizedTest
    @CsvSource({"<|im_end|>,true,true", "<think>,false,true", "</tool_call>,false,true", "[INST],false,true",
        "<unused12>,false,true", "<b>,false,false", "</h1>,false,false", "covid,false,false", "x,true,true",
        "<,false,false",
        "'  ',true,false", "▁▁,false,false"})
    void markersAreSpecialOrBracketedTokens(String content, boolean special, boolean marker) {
        assertEquals(marker, AddedToken.verbatim(0, content, special).isMarker());
    }
}
