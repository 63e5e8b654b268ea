package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Compares WordPiece and Unigram tokenizers with ids and texts of Hugging Face's library.
class WordTokenizersTest {
    @ParameterizedTest
    @ValueSource(strings = {"wordpiece", "wordpiece_cased", "unigram"})
    void idsAndTextsAreThoseOfTheReference(String name) throws Exception {
        Path folder = TestData.resource(name + "/tokenizer.json").getParent();
        Tokenizer tokenizer = Tokenizer.load(folder);
        int count = 0;
        for (JsonNode sample : TestData.json(folder.resolve("tokens.json"))) {
            String text = sample.path("text").asString();
            assertArrayEquals(ids(sample.path("ids")), tokenizer.encode(text, false), sample::toString);
            assertArrayEquals(ids(sample.path("with_special")), tokenizer.encode(text, true), sample::toString);
            assertEquals(sample.path("decoded").asString(), tokenizer.decode(ids(sample.path("ids")), false));
            StreamingDecoder decoder = tokenizer.streamingDecoder(false);
            StringBuilder streamed = new StringBuilder();
            for (int id : ids(sample.path("ids"))) {
                streamed.append(decoder.accept(id));
            }
            assertEquals(sample.path("decoded").asString(), streamed.append(decoder.finish()).toString());
            count++;
        }
        assertTrue(count > 10);
    }

    private static int[] ids(JsonNode list) {
        return IntStream.range(0, list.size()).map(i -> list.path(i).asInt()).toArray();
    }

    @Test
    void plainTextCannotContainControlTokens() throws Exception {
        for (String name : new String[] {"wordpiece", "unigram"}) {
            Tokenizer tokenizer = Tokenizer.load(TestData.resource(name + "/tokenizer.json").getParent());
            String control = name.equals("unigram") ? "</s>" : "[SEP]";
            int id = tokenizer.id(control).orElseThrow();
            assertTrue(Arrays.stream(tokenizer.encode("a " + control + " b", false)).anyMatch(i -> i == id));
            assertTrue(Arrays.stream(tokenizer.encodePlain("a " + control + " b", false)).noneMatch(i -> i == id));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '$', value = {
        "wordpiece | \"unk_token\":\"[UNK]\" | \"unk_token\":\"[NO]\" | unk_token",
        "wordpiece | \"max_input_chars_per_word\":100 | \"max_input_chars_per_word\":0 | max_input_chars",
        "unigram | \"unk_id\":2 | \"unk_id\":99999 | unk_id",
        "unigram | \"unk_id\":2 | \"unk_id\":null | unk_id: expected an id below",
        "unigram | \"unk_id\":2 | \"no_unk_id\":2 | unk_id: expected an id below",
        "wordpiece | \"max_input_chars_per_word\":100 | \"max_input_chars_per_word\":1000000 | max_input_chars",
        "unigram | \"Unigram\" | \"Bigram\" | Bigram",
        "unigram | \"unk_id\":2,\"vocab\":[[ | \"unk_id\":2,\"vocab\":[[[],1],[ | vocab"})
    void invalidFilesAreRefused(String name, String from, String to, String named, @TempDir Path folder)
            throws Exception {
        String json = Files.readString(TestData.resource(name + "/tokenizer.json"));
        assertTrue(json.contains(from), from);
        Files.writeString(folder.resolve("tokenizer.json"), json.replace(from, to));
        String message = assertThrows(CheckpointException.class, () -> Tokenizer.load(folder)).getMessage();
        assertTrue(message.contains(named), message);
    }

    /// A map of characters with changed bits is refused or safe to follow.
    @Test
    void damagedCharsmapsDoNoHarm(@TempDir Path folder) throws Exception {
        String json = Files.readString(TestData.resource("unigram/tokenizer.json"));
        String key = "\"precompiled_charsmap\":\"";
        int at = json.indexOf(key) + key.length();
        byte[] map = Base64.getDecoder().decode(json.substring(at, json.indexOf('"', at)));
        Random random = new Random(3);
        int refused = 0;
        for (int i = 0; i < 150; i++) {
            byte[] shaken = map.clone();
            shaken[random.nextInt(i % 2 == 0 ? 64 : shaken.length)] ^= (byte) (1 << random.nextInt(8));
            Files.writeString(folder.resolve("tokenizer.json"), json.substring(0, at)
                    + Base64.getEncoder().encodeToString(shaken) + json.substring(json.indexOf('"', at)));
            try {
                Tokenizer.load(folder).encode("e\u0301 ﬁne Ⅷ \t Ａ北京 x " + (char) (0x80 + i), false);
            } catch (CheckpointException e) {
                assertTrue(e.getMessage().contains("precompiled_charsmap"), e.getMessage());
                refused++;
            }
        }
        assertTrue(refused > 0);
        byte[] tiny = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putInt(4).putInt(-1).array();
        for (byte[] bytes : new byte[][] {tiny, {}, "no map".getBytes(StandardCharsets.UTF_8)}) {
            assertThrows(IllegalArgumentException.class,
                    () -> Charsmap.of(Base64.getEncoder().encodeToString(bytes)));
        }
    }

    /// The native library would end the process at the first text.
    @Test
    void replacementsThatAreNotUtf8AreRefused(@TempDir Path folder) throws Exception {
        String json = Files.readString(TestData.resource("unigram/tokenizer.json"));
        String key = "\"precompiled_charsmap\":\"";
        int at = json.indexOf(key) + key.length();
        byte[] map = Base64.getDecoder().decode(json.substring(at, json.indexOf('"', at)));
        byte[] longer = Arrays.copyOf(map, map.length + 2);
        longer[map.length] = (byte) 0xFF;
        Files.writeString(folder.resolve("tokenizer.json"), json.substring(0, at)
                + Base64.getEncoder().encodeToString(longer) + json.substring(json.indexOf('"', at)));
        String message = assertThrows(CheckpointException.class, () -> Tokenizer.load(folder)).getMessage();
        assertTrue(message.contains("normalizer: found a precompiled_charsmap whose texts are not UTF-8"), message);
    }
}
