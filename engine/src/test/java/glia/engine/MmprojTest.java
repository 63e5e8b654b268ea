package glia.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.load.LoadOptions;
import glia.engine.sampling.SamplingOptions;
import glia.io.CheckpointException;
import glia.io.file.AtomicFile.IfExists;
import glia.io.file.TensorContent;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufWriter;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.io.picture.Picture;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.write.GgufModelWriter;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.text.template.ChatMessage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Encoders of pictures in `mmproj` files: written beside a GGUF model, read from there.
class MmprojTest {
    private static final LoadOptions EXACT = new LoadOptions(1, 0, "scalar", Precision.EXACT);
    private static final GenerationOptions GREEDY = new GenerationOptions(SamplingOptions.greedy(), 6, List.of());

    @TempDir
    Path temporary;

    private static Path golden(String name) {
        try {
            return Path.of(MmprojTest.class.getResource("/golden-pictures/" + name + "/config.json").toURI())
                    .getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path written(String name) throws CheckpointException {
        Path file = temporary.resolve("model.gguf");
        try (Model model = ModelLoader.load(golden(name))) {
            GgufModelWriter.write(model, file, Optional.empty());
        }
        return file;
    }

    private static Picture picture() throws IOException {
        BufferedImage image = new BufferedImage(60, 40, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 60 * 40; i++) {
            image.setRGB(i % 60, i / 60, 0x204060 + i % 7 * 0x1f);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return Picture.of("the picture", out.toByteArray(), Picture.Limits.DEFAULT);
    }

    private static Answer answer(LanguageModel model) throws IOException {
        try (Chat chat = model.chat().options(GREEDY)) {
            return chat.stream(ChatMessage.user("What is this?", picture()), piece -> { });
        }
    }

    /// The file beside the model is found, settings of the processor and the placeholder with it.
    @ParameterizedTest
    @ValueSource(strings = {"llava", "qwen2_vl", "gemma3"})
    void aModelReadsPicturesWithTheFileBesideIt(String name) throws IOException {
        try (LanguageModel own = LanguageModel.load(golden(name), EXACT);
                LanguageModel read = LanguageModel.load(written(name), EXACT)) {
            assertEquals(answer(own).text(), answer(read).text());
            assertTrue(read.pictures().areRead());
        }
    }

    /// The settings that any file has give the same pictures.
    @Test
    void settingsComeFromTheMetadataOfClip() throws IOException {
        Path file = written("llava");
        Path encoder = file.resolveSibling("mmproj-model.gguf");
        Path bare = temporary.resolve("bare.gguf");
        change(encoder, bare, (metadata, tensors) -> metadata.keySet().removeIf(key -> key.contains(
                "processor_config")));
        Files.delete(encoder);
        try (LanguageModel own = LanguageModel.load(golden("llava"), EXACT);
                LanguageModel read = LanguageModel.load(file, EXACT.withProjector(Optional.of(bare)))) {
            assertEquals(answer(own).text(), answer(read).text());
        }
        Files.move(bare, encoder.resolveSibling("sees.gguf"));
        assertEquals(file, new ModelLocator(HubSettings.fromEnvironment()).locate(encoder.getParent().toString(),
                Progress.NONE).path(),
                "an encoder of any name is no model");
        try (LanguageModel read = LanguageModel.load(encoder.getParent(), EXACT)) {
            assertTrue(read.pictures().areRead());
        }
    }

    /// @param change of the metadata and the tensors
    private static void change(Path from, Path to, BiConsumer<Map<String, Object>, Map<String, TensorContent>> change)
            throws IOException {
        try (GgufCheckpoint file = GgufCheckpoint.open(from)) {
            Map<String, Object> metadata = file.metadata().values();
            Map<String, TensorContent> tensors = new LinkedHashMap<>();
            for (String name : file.names()) {
                tensors.put(name, TensorContent.of(file.tensor(name)));
            }
            change.accept(metadata, tensors);
            GgufWriter.writeContents(to, GgufMetadata.of(to, metadata), tensors, _ -> { }, IfExists.REPLACE);
        }
    }

    /// Old files call the first matrix of an MLP the second; of two frames there are two tensors of patches.
    @Test
    void mlpsOfOldFilesAreRead() throws IOException {
        Path file = written("llava");
        Path swapped = temporary.resolve("swapped.gguf");
        change(file.resolveSibling("mmproj-model.gguf"), swapped, (metadata, tensors) -> {
            Map<String, TensorContent> stored = Map.copyOf(tensors);
            tensors.clear();
            stored.forEach((name, content) -> tensors.put(name.contains("ffn_up") ? name.replace("ffn_up", "ffn_down")
                    : name.replace("ffn_down", "ffn_up"), content));
        });
        try (LanguageModel a = LanguageModel.load(file, EXACT);
                LanguageModel b = LanguageModel.load(file, EXACT.withProjector(Optional.of(swapped)))) {
            assertEquals(answer(a).text(), answer(b).text());
        }
    }

    /// Beside a model it is ignored, named by the user it is an error.
    @Test
    void aFileOfAnotherModelIsRefused() throws IOException {
        Path file = written("llava");
        Path encoder = file.resolveSibling("mmproj-model.gguf");
        change(encoder, encoder, (metadata, tensors) -> metadata.put("clip.projector_type", "resampler"));
        assertTrue(assertThrows(CheckpointException.class, () -> LanguageModel.load(file, EXACT.withProjector(
                Optional.of(encoder)))).getMessage().contains("found 'resampler', expected one of [mlp, idefics3"));
        assertTrue(assertThrows(CheckpointException.class, () -> LanguageModel.load(file, EXACT.withProjector(
                Optional.of(file)))).getMessage().contains("expected the encoder of pictures"));
        try (LanguageModel text = LanguageModel.load(file, EXACT)) {
            assertFalse(text.pictures().areRead());
        }
    }

    /// Another type of the language model leaves the encoder alone.
    @Test
    void aModelWithAnEncoderIsWrittenAgainWithoutIt() throws IOException {
        Path file = written("gemma3");
        Path again = temporary.resolve("again").resolve("model.gguf");
        Files.createDirectory(again.getParent());
        try (Model model = ModelLoader.load(file)) {
            GgufModelWriter.write(model, again, Optional.of(DType.F16));
        }
        try (GgufCheckpoint stored = GgufCheckpoint.open(again)) {
            assertTrue(stored.names().stream().noneMatch(name -> name.startsWith("v.") || name.startsWith("mm.")));
            assertTrue(stored.projector().isEmpty());
        }
    }
}
