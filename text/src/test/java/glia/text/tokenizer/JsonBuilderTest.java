package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.json.JsonTree.JsonText;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class JsonBuilderTest {
    private static final String[] PARTS = {"", "a", "\"", "\\", "\n", "\0", "\u001f", "\u007f", "\u0080", "é", "Ġ",
        "\u07ff", "\u0800", "▁", "\ud7ff", "\ue000", "\ufffd", "\uffff", "🙂", "\udbff\udfff", "x".repeat(5000)};

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(12); i > 0; i--) {
            text.append(PARTS[random.nextInt(PARTS.length)]);
        }
        return text.toString();
    }

    @Property(tries = 300)
    void quotedTextsRoundTrip(@ForAll long seed) {
        Random random = new Random(seed);
        JsonBuilder json = new JsonBuilder(0).raw("[");
        String[] texts = new String[random.nextInt(1, 9)];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = text(random);
            byte[] utf8 = ("<" + texts[i] + ">").getBytes(StandardCharsets.UTF_8);
            json.raw(i > 0 ? "," : "").quoted(texts[i]).raw(",").quoted(utf8, 1, utf8.length - 1).raw(",");
            byte[] quoted = JsonText.quote(texts[i]).getBytes(StandardCharsets.UTF_8);
            json.raw(quoted, 0, quoted.length).raw(",").raw(JsonText.quote(texts[i]));
        }
        String made = json.raw("]").toString();
        assertTrue(made.chars().allMatch(c -> c < 0x80));
        var read = JsonMapper.shared().readTree(made);
        assertEquals(4 * texts.length, read.size());
        for (int i = 0; i < read.size(); i++) {
            assertEquals(texts[i / 4], read.get(i).asString(), "as " + i % 4);
        }
    }

    @Property(tries = 300)
    void whatIsNotUtf8IsReplaced(@ForAll byte[] bytes) {
        String made = new JsonBuilder(1).quoted(bytes, 0, bytes.length).toString();
        Utf8Buffer buffer = new Utf8Buffer();
        for (byte b : bytes) {
            buffer.add(b);
        }
        assertEquals(buffer.takeAll(), JsonMapper.shared().readTree(made).asString());
    }

    @Test
    void numbers() {
        for (int number : new int[] {0, 1, 9, 10, 99, 100, 12345, 999_999_999, 1_000_000_000, Integer.MAX_VALUE, -1,
            Integer.MIN_VALUE}) {
            assertEquals(number + "true", new JsonBuilder(0).raw(number).raw(true).toString());
        }
    }
}
