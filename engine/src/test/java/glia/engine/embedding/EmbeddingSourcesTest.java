package glia.engine.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.io.CheckpointException;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocation;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.layout.Pooling;
import glia.model.write.GgufModelWriter;
import glia.model.write.ModelWriter;
import glia.tensor.Precision;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A model has the same embeddings from a folder, a zip, a hub and a GGUF file.
class EmbeddingSourcesTest {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    private static final LoadOptions OPTIONS = new LoadOptions(1, 0, "scalar", Precision.EXACT);
    private static final List<String> TEXTS = List.of("a cat", "the quick brown fox jumps over the lazy dog", "z");

    @TempDir
    Path folder;

    private HubSettings settings(URI endpoint) {
        return new HubSettings(endpoint, Optional.empty(), folder.resolve("hub"), folder.resolve("glia"), false, true);
    }

    private ModelLocation locate(String name, URI endpoint) throws IOException {
        return new ModelLocator(settings(endpoint)).locate(name, Progress.NONE);
    }

    private static float[][] embed(Path path) throws IOException {
        try (LanguageModel model = LanguageModel.load(path, OPTIONS)) {
            Embedder embedder = new Embedder(model, EmbeddingConfig.of(path, model.model()));
            return embedder.embed(TEXTS.stream().map(embedder::encode).toList());
        }
    }

    /// The files of a folder by their names, with forward slashes.
    private static List<String> names(Path of) throws IOException {
        try (Stream<Path> files = Files.walk(of)) {
            return files.filter(Files::isRegularFile).map(f -> of.relativize(f).toString().replace('\\', '/')).sorted()
                    .toList();
        }
    }

    private Path zip(Path model) throws IOException {
        Path file = folder.resolve("model.zip");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (String name : names(model)) {
                zip.putNextEntry(new ZipEntry("encoder/" + name));
                zip.write(Files.readAllBytes(model.resolve(name)));
            }
        }
        return file;
    }

    /// A hub that has a folder under the name `acme/encoder`.
    private static HttpServer hub(Path model) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        String files = "/acme/encoder/resolve/" + COMMIT + "/";
        server.createContext("/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
            if (path.startsWith("/api/models/acme/encoder")) {
                send(exchange, ("{\"sha\":\"" + COMMIT + "\",\"siblings\":[" + names(model).stream()
                        .map(name -> "{\"rfilename\":\"" + name + "\"}").collect(Collectors.joining(",")) + "]}")
                        .getBytes(StandardCharsets.UTF_8));
            } else {
                byte[] content = Files.readAllBytes(model.resolve(path.substring(files.length())));
                exchange.getResponseHeaders().set("ETag", "\"" + hash(content) + "\"");
                send(exchange, content);
            }
        });
        server.start();
        return server;
    }

    private static void send(HttpExchange exchange, byte[] content) throws IOException {
        boolean isHead = exchange.getRequestMethod().equals("HEAD");
        if (isHead) {
            exchange.getResponseHeaders().set("Content-Length", Integer.toString(content.length));
        }
        exchange.sendResponseHeaders(200, isHead ? -1 : content.length);
        if (!isHead) {
            exchange.getResponseBody().write(content);
        }
        exchange.close();
    }

    private static String hash(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void vectorsAreTheSameFromEverySource() throws IOException {
        Path model = SentenceEncoder.write(folder.resolve("model"));
        float[][] byMean = embed(model);
        SentenceEncoder.addModules(model, Pooling.CLS, 12, true);
        float[][] expected = embed(model);
        assertFalse(Arrays.equals(byMean[0], expected[0]), "the pooling makes no difference");
        URI nowhere = URI.create("http://127.0.0.1:9");
        assertEquals(3, assertSame(expected, embed(locate(zip(model).toString(), nowhere).path())));
        HttpServer hub = hub(model);
        try {
            Path pulled = locate("acme/encoder", URI.create("http://127.0.0.1:" + hub.getAddress().getPort())).path();
            assertEquals(3, assertSame(expected, embed(pulled)));
        } finally {
            hub.stop(0);
        }
    }

    private static int assertSame(float[][] expected, float[][] found) {
        for (int i = 0; i < expected.length; i++) {
            assertArrayEquals(expected[i], found[i], TEXTS.get(i));
        }
        return found.length;
    }

    /// The GGUF file has another tokenizer, so tokens are compared, not texts.
    @Test
    void aGgufFileHasThePoolingOfItsMetadata() throws IOException {
        List<Embedder.Input> inputs = Stream.of(new int[] {2, 5, 36, 3}, new int[] {2, 9, 8, 7, 60, 11, 3})
                .map(Embedder.Input::of).toList();
        Pooling[] byNumber = {Pooling.MEAN, Pooling.MEAN, Pooling.CLS, Pooling.LAST};
        for (int number = 0; number < byNumber.length; number++) {
            Path model = SentenceEncoder.write(folder.resolve("model" + number));
            SentenceEncoder.addModules(model, byNumber[number], 64, true);
            Path gguf = SentenceEncoder.writeGguf(folder.resolve(number + ".gguf"), number);
            try (LanguageModel ofFolder = LanguageModel.load(model, OPTIONS);
                    LanguageModel ofGguf = LanguageModel.load(gguf, OPTIONS)) {
                EmbeddingConfig config = EmbeddingConfig.of(gguf, ofGguf.model());
                assertEquals(byNumber[number], config.pooling());
                assertEquals(number > 0, config.isStated());
                float[][] expected = new Embedder(ofFolder, EmbeddingConfig.of(model, ofFolder.model())).embed(inputs);
                float[][] found = new Embedder(ofGguf, config).embed(inputs);
                for (int i = 0; i < expected.length; i++) {
                    assertArrayEquals(expected[i], found[i], 1e-6f, byNumber[number].name());
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"MEAN, 3, true", "CLS, 5, false", "LAST, 64, true"})
    void aModelThatIsConvertedToGgufAndBackEmbedsTheSame(Pooling pooling, int maxTokens, boolean normalized)
            throws IOException {
        Path from = SentenceEncoder.write(folder.resolve("from"));
        SentenceEncoder.addModules(from, pooling, maxTokens, normalized);
        Files.writeString(from.resolve("config_sentence_transformers.json"),
                "{\"prompts\": {\"query\": \"a query \"}, \"default_prompt_name\": \"query\"}");
        Path file = folder.resolve("converted.gguf");
        try (Model model = ModelLoader.load(from)) {
            GgufModelWriter.write(model, file, Optional.empty());
        }
        Path back = folder.resolve("back");
        try (Model model = ModelLoader.load(file)) {
            ModelWriter.write(model, back);
        }
        Path copy = folder.resolve("copy");
        try (Model model = ModelLoader.load(from)) {
            ModelWriter.write(model, copy);
        }
        float[][] expected = embed(from);
        for (Path path : new Path[] {file, back, copy}) {
            assertArrayEquals(expected, embed(path), path.toString());
        }
    }

    @Test
    void aPoolingThatGgufHasNoNumberForIsRefused() throws IOException {
        Path from = SentenceEncoder.write(folder.resolve("from"));
        SentenceEncoder.addModules(from, Pooling.MAX, 8, true);
        try (Model model = ModelLoader.load(from)) {
            assertTrue(assertThrows(CheckpointException.class, () -> GgufModelWriter.write(model,
                    folder.resolve("x.gguf"), Optional.empty())).getMessage().contains("mean, cls and lasttoken"));
        }
    }
}
