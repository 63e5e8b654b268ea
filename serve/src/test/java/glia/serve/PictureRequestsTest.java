package glia.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import glia.engine.LanguageModel;
import glia.engine.call.PromptLimits;
import glia.io.web.WebFiles;
import glia.serve.request.HttpLimits;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Pictures in the requests of all APIs.
class PictureRequestsTest {
    /// Six embeddings of a picture of 60 x 40 pixels, and the markers around them.
    private static final int PICTURE_TOKENS = 8;

    private static TestServer server;
    private static String picture;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start("vision", LanguageModel.load(Path.of(PictureRequestsTest.class.getResource(
                "/golden-pictures/qwen2_vl/config.json").toURI()).getParent()));
        picture = png(60, 40);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String png(int width, int height) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB), "png", out);
        return Base64.getEncoder().encodeToString(out.toByteArray());
    }

    private static Object found(String path, String body, Object... of) throws Exception {
        TestServer.Reply reply = server.post(path, body);
        assertEquals(200, reply.status(), reply::text);
        return TestServer.at(reply.json(), of);
    }

    private static String chat(String model, String parts) {
        return "{\"model\":\"" + model + "\",\"max_tokens\":2,\"messages\":["
                + "{\"role\":\"user\",\"content\":[" + parts + "]}]}";
    }

    private static String text(String text) {
        return "{\"type\":\"text\",\"text\":\"" + text + "\"}";
    }

    private static String url(String url) {
        return "{\"type\":\"image_url\",\"image_url\":{\"url\":\"" + url + "\",\"detail\":\"low\"}}";
    }

    private static String data() {
        return "data:image/png;base64," + picture;
    }

    private static String anthropic() {
        return "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"" + picture
                + "\"}}";
    }

    private static String ollama(String images) {
        return "{\"model\":\"vision\",\"stream\":false,\"options\":{\"num_predict\":2},\"messages\":["
                + "{\"role\":\"user\",\"content\":\"What?\"" + images + "}]}";
    }

    /// Tokens of a prompt over Anthropic's API, those that the prefix cache had among them.
    private static int promptOf(String body) throws Exception {
        Map<?, ?> usage = (Map<?, ?>) found("/v1/messages", body, "usage");
        return (int) usage.get("input_tokens") + (int) usage.get("cache_read_input_tokens");
    }

    /// Tokens of the prompt, with and without the picture.
    @Test
    void everyApiTakesPictures() throws Exception {
        String openai = "/v1/chat/completions";
        assertEquals((int) found(openai, chat("vision", text("What?")), "usage", "prompt_tokens") + PICTURE_TOKENS,
                found(openai, chat("vision", text("What?") + "," + url(data())), "usage", "prompt_tokens"));
        String withPicture = chat("vision", anthropic() + "," + text("What?"));
        assertEquals(promptOf(chat("vision", text("What?"))) + PICTURE_TOKENS, promptOf(withPicture));
        assertEquals((int) found("/v1/messages/count_tokens", "{\"model\":\"vision\",\"messages\":[{\"role\":\"user\","
                + "\"content\":[" + anthropic() + "," + text("What?") + "]}]}", "input_tokens"),
                promptOf(withPicture));
        assertEquals((int) found("/api/chat", ollama(""), "prompt_eval_count") + PICTURE_TOKENS,
                found("/api/chat", ollama(",\"images\":[\"" + picture + "\"]"), "prompt_eval_count"));
        String generate = "{\"model\":\"vision\",\"stream\":false,\"options\":{\"num_predict\":2},\"prompt\":\"What?\"";
        assertEquals((int) found("/api/generate", generate + "}", "prompt_eval_count") + PICTURE_TOKENS,
                found("/api/generate", generate + ",\"images\":[\"" + picture + "\"]}", "prompt_eval_count"));
        String response = "{\"model\":\"vision\",\"max_output_tokens\":2,\"input\":[{\"role\":\"user\",\"content\":["
                + "{\"type\":\"input_text\",\"text\":\"What?\"}";
        assertEquals((int) found("/v1/responses", response + "]}]}", "usage", "input_tokens") + PICTURE_TOKENS,
                found("/v1/responses", response + ",{\"type\":\"input_image\",\"image_url\":\"" + data()
                        + "\"}]}]}", "usage", "input_tokens"));
    }

    @Test
    void modelsSayWhetherTheyReadPictures() throws Exception {
        assertEquals(List.of("text", "image"), TestServer.at(server.get("/v1/models/vision").json(),
                "input_modalities"));
        assertEquals(List.of("text"), TestServer.at(server.get("/v1/models/reasoner").json(), "input_modalities"));
        assertTrue(((List<?>) found("/api/show", "{\"model\":\"vision\"}", "capabilities")).contains("vision"));
    }

    private static void assertRefused(TestServer by, String expected, String body) throws Exception {
        TestServer.Reply reply = by.post("/v1/chat/completions", body);
        assertEquals(400, reply.status(), reply::text);
        assertTrue(reply.text().contains(expected), reply::text);
    }

    @Test
    void whatCannotBeReadIsRefused() throws Exception {
        assertRefused(server, "the model reads text alone", chat("reasoner", text("What?") + "," + url(data())));
        assertRefused(server, "does not fetch", chat("vision", url("https://example.org/cat.png")));
        assertRefused(server, "content[0].image_url.url: is no picture", chat("vision", url("data:image/png;base64,"
                + "AAAA")));
        assertRefused(server, "damaged or cut off", chat("vision", url(data().substring(0, data().length() / 8 * 4))));
        assertRefused(server, "of the user", "{\"model\":\"vision\",\"messages\":[{\"role\":\"system\",\"content\":["
                + url(data()) + "]}]}");
    }

    /// Two frames of an animated GIF are one step of time; the template of this model has no mark for films.
    @Test
    void filmsAreRead() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
        try (ImageOutputStream to = ImageIO.createImageOutputStream(out)) {
            writer.setOutput(to);
            writer.prepareWriteSequence(null);
            for (int i = 0; i < 4; i++) {
                writer.writeToSequence(new IIOImage(new BufferedImage(60, 40, BufferedImage.TYPE_BYTE_INDEXED), null,
                        null), null);
            }
            writer.endWriteSequence();
        }
        String film = "{\"type\":\"video_url\",\"video_url\":{\"url\":\"data:image/gif;base64,"
                + Base64.getEncoder().encodeToString(out.toByteArray()) + "\"}}";
        assertEquals((int) found("/v1/chat/completions", chat("vision", text("What?")), "usage", "prompt_tokens") + 13,
                found("/v1/chat/completions", chat("vision", text("What?") + "," + film), "usage", "prompt_tokens"));
        assertRefused(server, "content[0].video_url.url: ", chat("vision", film.replace("R0lGOD", "AAAAAA")));
    }

    /// Where the server may fetch, and from where.
    @Test
    void addressesAreFetchedWhereTheServerAllowsThem() throws Exception {
        HttpServer files = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        files.createContext("/", exchange -> {
            byte[] file = Base64.getDecoder().decode(exchange.getRequestURI().getPath().equals("/cat.png") ? picture
                    : "AAAA");
            exchange.sendResponseHeaders(200, file.length);
            exchange.getResponseBody().write(file);
            exchange.close();
        });
        files.start();
        WebFiles web = new WebFiles(host -> new InetAddress[] {host.equals("example.com")
                ? InetAddress.getLoopbackAddress() : InetAddress.getByName("169.254.169.254")},
                InetAddress::isLoopbackAddress, 1 << 20, Duration.ofSeconds(30));
        LanguageModel model = LanguageModel.load(Path.of(PictureRequestsTest.class.getResource(
                "/golden-pictures/qwen2_vl/config.json").toURI()).getParent());
        try (TestServer fetching = TestServer.of("vision", model, ServerOptions.defaults().withWeb(web))) {
            String site = "http://example.com:" + files.getAddress().getPort();
            TestServer.Reply openai = fetching.post("/v1/chat/completions", chat("vision", url(site + "/cat.png")));
            assertEquals(200, openai.status(), openai::text);
            TestServer.Reply anthropic = fetching.post("/v1/messages", chat("vision", "{\"type\":\"image\","
                    + "\"source\":{\"type\":\"url\",\"url\":\"" + site + "/cat.png\"}}"));
            assertEquals(200, anthropic.status(), anthropic::text);
            assertRefused(fetching, "content[0].image_url.url: is no picture", chat("vision", url(site + "/other")));
            assertRefused(fetching, "leads to 169.254.169.254, which is not of the public internet",
                    chat("vision", url("http://metadata.internal/latest")));
        } finally {
            files.stop(0);
        }
    }

    @Test
    void picturesAreLimited() throws Exception {
        PromptLimits usual = PromptLimits.defaults();
        PromptLimits few = new PromptLimits(usual.messages(), usual.tools(), usual.promptTokens(),
                usual.answerTokens(), usual.stops(), usual.stopCharacters(), usual.biases(), 1, 2500);
        LanguageModel model = LanguageModel.load(Path.of(PictureRequestsTest.class.getResource(
                "/golden-pictures/qwen2_vl/config.json").toURI()).getParent());
        try (TestServer limited = TestServer.of("vision", model, ServerOptions.defaults()
                .withLimits(HttpLimits.defaults().withPrompt(few)))) {
            assertRefused(limited, "found 2 pictures, expected at most 1", chat("vision", url(data()) + ","
                    + url(data())));
            assertRefused(limited, "found 3600 pixels, expected at most 2500", chat("vision",
                    url("data:image/png;base64," + png(60, 60))));
        }
    }

    @Test
    void picturesAreGenerated() throws Exception {
        try (TestServer drawing = TestServer.start("draws", LanguageModel.load(Path.of(PictureRequestsTest.class
                .getResource("/golden-pictures/janus/config.json").toURI()).getParent()))) {
            TestServer.Reply reply = drawing.post("/v1/images/generations",
                    "{\"model\":\"draws\",\"prompt\":\"a cat\",\"n\":2,\"seed\":5,\"size\":\"8x8\"}");
            assertEquals(200, reply.status(), reply::text);
            for (int i = 0; i < 2; i++) {
                byte[] file = Base64.getDecoder().decode((String) TestServer.at(reply.json(), "data", i, "b64_json"));
                assertEquals(8, ImageIO.read(new java.io.ByteArrayInputStream(file)).getWidth());
            }
            TestServer.Reply other = drawing.post("/v1/images/generations",
                    "{\"model\":\"draws\",\"prompt\":\"a cat\",\"size\":\"16x16\"}");
            assertEquals(400, other.status());
            assertTrue(other.text().contains("8x8, the one size of the model"), other::text);
        }
        TestServer.Reply none = server.post("/v1/images/generations", "{\"model\":\"vision\",\"prompt\":\"a\"}");
        assertEquals(400, none.status());
        assertTrue(none.text().contains("generates no pictures"), none::text);
    }
}
