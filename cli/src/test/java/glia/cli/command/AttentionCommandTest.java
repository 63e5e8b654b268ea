package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.Cli;
import glia.cli.TestConsole;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.lab.attention.AttentionMaps;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class AttentionCommandTest {
    @TempDir Path folder;

    private String run(int exitCode, String... options) {
        TestConsole console = new TestConsole("");
        String[] words = new String[options.length + 5];
        System.arraycopy(new String[] {"attention", "stories260K", "--force", "-o", page().toString()}, 0, words, 0,
                5);
        System.arraycopy(options, 0, words, 5, options.length);
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console.out() + console.err();
    }

    private Path page() {
        return folder.resolve("page.html");
    }

    private JsonNode data() throws IOException {
        String page = Files.readString(page());
        String mark = "<script id=\"data\" type=\"application/json\">";
        int from = page.indexOf(mark) + mark.length();
        return JsonMapper.shared().readTree(page.substring(from, page.indexOf("</script>", from)));
    }

    /// A picture of 60 x 40 pixels takes 2 x 3 tokens; each token has a row with weights for them.
    @Test
    void drawsOverAPictureWhereATokenLooks() throws IOException {
        Path picture = folder.resolve("cat.png");
        ImageIO.write(new BufferedImage(60, 40, BufferedImage.TYPE_INT_RGB), "png", picture.toFile());
        TestConsole console = new TestConsole("");
        assertEquals(ExitCode.OK, console.run("attention", "../engine/src/test/resources/golden-pictures/qwen2_vl",
                "-p", "What?", "--image", picture.toString(), "--force", "-o", page().toString()), console::err);
        assertTrue(console.out().contains("1 picture"), console::out);
        JsonNode drawn = data().path("pictures").path(0);
        assertEquals(List.of(2, 3, 60, 40), List.of(drawn.path("rows").asInt(), drawn.path("columns").asInt(),
                drawn.path("width").asInt(), drawn.path("height").asInt()));
        assertTrue(drawn.path("url").asString().startsWith("data:image/png;base64,"));
        int start = drawn.path("start").asInt();
        assertEquals("▦1,1", data().path("tokens").path(start).asString());
        assertEquals("▦2,3", data().path("tokens").path(start + 5).asString());
        assertFalse(data().path("tokens").path(start + 6).asString().startsWith("▦"));
        assertEquals(2, data().path("layers").size(), "the layers of the tower are none of the text's");
    }

    @Test
    void writesAPageOfEveryLayerAndHead() throws IOException {
        assertEquals(page() + ": 8 tokens, 40 maps, gradient saliency\n",
                run(ExitCode.OK, "-p", "Lily had a red ball"));
        String page = Files.readString(page());
        assertFalse(page.contains("http://") && page.contains("src=\"http"), "needs something else");
        JsonNode data = data();
        int tokens = data.path("tokens").size();
        assertEquals(8, tokens);
        assertEquals(5, data.path("layers").size());
        for (JsonNode layer : data.path("layers")) {
            ByteBuffer shares = ByteBuffer.wrap(Base64.getDecoder().decode(layer.path("weights").asString()))
                    .order(ByteOrder.LITTLE_ENDIAN);
            for (int row = 0; row < layer.path("heads").size() * tokens; row++) {
                int sum = IntStream.rangeClosed(0, row % tokens).map(i -> shares.getShort() & 0xffff).sum();
                assertEquals(65_535, sum, tokens);
            }
            assertFalse(shares.hasRemaining());
        }
        for (int t = 0; t < tokens; t++) {
            for (int other = 0; other < tokens; other++) {
                assertEquals(other <= t, data.path("saliency").path(t).path(other).asDouble() > 0, t + " " + other);
            }
        }
        assertEquals(tokens, data.path("best").size());
    }

    @Test
    void showsOnlyWhatWasAskedFor() throws IOException {
        run(ExitCode.OK, "-p", "a </script> b", "--layer", "3", "--head", "7");
        assertEquals(1, data().path("layers").size());
        assertEquals(3, data().path("layers").path(0).path("layer").asInt());
        assertEquals(7, data().path("layers").path(0).path("heads").path(0).asInt());
        assertTrue(run(ExitCode.USAGE, "-p", "a", "--layer", "5").contains("layers with maps are [0 (8 heads)"));
        assertTrue(run(ExitCode.USAGE, "-p", "a", "--head", "8").contains("there is no such layer and head"));
        assertTrue(run(ExitCode.USAGE, "-p", "a ".repeat(400)).contains("expected 1 to 256"));
    }

    /// Twenty layers of 30 heads would take 29 MB for 220 tokens.
    @Test
    void theMeanOfTheHeadsKeepsALargePageSmall() throws IOException {
        assertTrue(AttentionPage.fits(270, 256), "SmolLM2-135M");
        assertFalse(AttentionPage.fits(600, 220));
        AttentionPage page = new AttentionPage("m", List.of("a", "b"));
        float[][][] weights = {{{1, 0}, {0.5f, 0.5f}}, {{1, 0}, {0.25f, 0.75f}}};
        page.addMean(new AttentionMaps.Map(3, "attention", weights));
        Files.writeString(page(), page.html());
        JsonNode layer = data().path("layers").path(0);
        assertEquals("mean of 2 heads", layer.path("heads").path(0).asString());
        ByteBuffer shares = ByteBuffer.wrap(Base64.getDecoder().decode(layer.path("weights").asString()))
                .order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(List.of(65_535, 24_576, 40_959), IntStream.range(0, 3).mapToObj(i -> shares.getShort() & 0xffff)
                .toList());
    }

    @Test
    void saliencyCoversTheLastTokensOfALongText() throws IOException {
        String out = run(ExitCode.OK, "-p", "Lily had a red ball", "--saliency", "3");
        assertEquals(page() + ": 8 tokens, 40 maps, gradient saliency of the last 3 tokens (--saliency N for more)\n",
                out);
        JsonNode data = data();
        assertEquals(5, data.path("saliencyFrom").asInt());
        assertEquals(0, data.path("saliency").path(4).path(0).asDouble());
        assertTrue(data.path("saliency").path(5).path(0).asDouble() > 0);
        assertEquals("", data.path("best").path(4).asString());
    }

    @Test
    void progressIsShownOnATerminal() {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(InputStream.nullInputStream(), new PrintStream(OutputStream.nullOutputStream()),
                new PrintStream(err, true, StandardCharsets.UTF_8), false, false, true, 80, false);
        assertEquals(ExitCode.OK, new Cli(console).run(List.of("attention", "stories260K", "-p",
                "a cat sat on a mat. ".repeat(7), "-o", page().toString())));
        String text = err.toString(StandardCharsets.UTF_8);
        assertTrue(text.contains("gradient saliency: "), text);
    }
}
