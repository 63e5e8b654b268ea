package glia.reason.preference.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import glia.io.CheckpointException;
import glia.io.picture.Picture;
import glia.io.picture.PictureException;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.yaml.YamlDocument;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.spec.Parameter;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import glia.text.template.ChatMessage;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RunFolder;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Chats with pictures in training: the question is the same for all, so the answer depends on the picture alone.
class PictureTrainingTest {
    private static final Path LLAVA = Path.of("../engine/src/test/resources/golden-pictures/llava");
    private static final String PATH = "{\"type\": \"image\", \"path\": \"%s.png\"}";
    private static Workers workers;
    private static Kernels kernels;

    @TempDir
    private Path folder;

    @BeforeAll
    static void open() {
        workers = new Workers(2);
        kernels = KernelBackends.choose("best", workers).kernels();
    }

    @AfterAll
    static void close() {
        workers.close();
    }

    @BeforeEach
    void draw() throws IOException {
        for (String name : List.of("dark", "light")) {
            BufferedImage image = new BufferedImage(40, 30, BufferedImage.TYPE_INT_RGB);
            int[] pixels = new int[40 * 30];
            Arrays.fill(pixels, name.equals("dark") ? 0x102030 : 0xf0c0d0);
            image.setRGB(0, 0, 40, 30, pixels, 0, 40);
            ImageIO.write(image, "png", folder.resolve(name + ".png").toFile());
        }
    }

    private static String chat(String picture, String answer) {
        return "{\"messages\": [{\"role\": \"user\", \"content\": [" + picture
                + ", {\"type\": \"text\", \"text\": \"what?\"}]}, {\"role\": \"assistant\", \"content\": \""
                + answer + "\"}]}";
    }

    private static String pair(String picture, String chosen, String rejected) {
        return chat(picture, "").replaceFirst("\"messages\"", "\"prompt\"")
                .replaceFirst(", \\{\"role\": \"assistant\".*",
                "], \"chosen\": \"" + chosen + "\", \"rejected\": \"" + rejected + "\"}");
    }

    private List<Double> train(String task, String extra, String... lines) throws IOException {
        Files.write(folder.resolve("chats.jsonl"), List.of(lines));
        Recipe recipe = Recipe.of(YamlDocument.parse(folder.resolve("recipe.yaml"), "task: " + task + "\nmodel: {path: "
                + LLAVA.toAbsolutePath().normalize() + "}\n" + """
                data: {train: chats.jsonl}
                batch: {context: 64, sequences: 2}
                schedule: {warmup: 2}
                steps: 40
                """ + extra), List.of());
        List<Double> losses = new ArrayList<>();
        try (RecipeRun run = RecipeRun.prepare(recipe, new RunFolder(folder.resolve("run")), kernels, Path::of,
                Existing.REPLACE)) {
            run.listen(new TrainingListener() {
                @Override
                public void step(StepFigures figures) {
                    losses.add(figures.loss());
                }
            });
            run.run(Map.of(), warning -> { });
        }
        return losses;
    }

    private String answer(LanguageModel model, String picture) throws IOException {
        try (var chat = model.chat().options(new GenerationOptions(SamplingOptions.greedy(), 4, List.of()))) {
            return chat.stream(ChatMessage.user("what?", Picture.read(folder.resolve(picture + ".png"))), t -> { })
                    .text();
        }
    }

    private static float[] numbers(Model model, Parameter p) {
        return ((Weight.Stored) model.weights().get(p)).tensor().toArray();
    }

    private boolean isChanged(String tensor) throws IOException {
        try (Model before = ModelLoader.load(LLAVA); Model after = ModelLoader.load(folder.resolve("run/model"))) {
            return before.sources().keySet().stream().filter(p -> before.storedName(p).contains(tensor))
                    .anyMatch(p -> !Arrays.equals(numbers(before, p), numbers(after, p)));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"optimizer: {learning_rate: 1e-2}\n",
        "optimizer: {learning_rate: 1e-2}\nmodel.freeze: [vision_tower]\n"})
    void anAnswerIsLearnedFromThePicture(String extra) throws IOException {
        String data = Picture.read(folder.resolve("light.png")).dataUrl();
        List<Double> losses = train("sft", extra, chat(PATH.formatted("dark"), "no"),
                chat("{\"type\": \"image_url\", \"image_url\": {\"url\": \"" + data + "\"}}", "yes"));
        assertTrue(losses.getLast() < 0.1, losses.toString());
        try (LanguageModel model = LanguageModel.load(folder.resolve("run/model"))) {
            assertEquals("no", answer(model, "dark"));
            assertEquals("yes", answer(model, "light"));
        }
        assertEquals(!extra.contains("freeze"), isChanged("vision_tower"));
        assertTrue(isChanged("multi_modal_projector"));
    }

    @Test
    void adaptersOfTheTowerGetGradients() throws IOException {
        train("sft", "optimizer: {learning_rate: 1e-2}\nadapter: {kind: lora, targets: [all-linear]}\n",
                chat(PATH.formatted("dark"), "no"), chat(PATH.formatted("light"), "yes"));
        try (SafetensorsCheckpoint adapter = SafetensorsCheckpoint.open(folder.resolve(
                "run/model/adapter_model.safetensors"))) {
            List<String> names = adapter.names().stream().filter(name -> name.contains("vision_tower")
                    && name.contains("layers.0") && name.contains("lora_B")).toList();
            assertEquals(6, names.size());
            for (String name : names) {
                float[] numbers = adapter.tensor(name).toArray();
                assertTrue(IntStream.range(0, numbers.length).anyMatch(i -> Math.abs(numbers[i]) > 1e-3), name);
            }
        }
    }

    @Test
    void preferencesAreLearnedFromThePicture() throws IOException {
        List<Double> losses = train("dpo", "optimizer: {learning_rate: 3e-3}\n",
                pair(PATH.formatted("dark"), "no", "yes"), pair(PATH.formatted("light"), "yes", "no"));
        assertEquals(Math.log(2), losses.getFirst(), 1e-3);
        assertTrue(losses.getLast() < 0.1, losses.toString());
    }

    @Test
    void aPictureThatCannotBeUsedIsAnError() throws IOException {
        assertTrue(assertThrows(CheckpointException.class, () -> train("sft", "", chat(PATH.formatted("none"), "no")))
                .getMessage().contains("none.png"));
        var address = assertThrows(CheckpointException.class, () -> train("sft", "", chat("{\"type\": \"image_url\", "
                + "\"image_url\": {\"url\": \"http://127.0.0.1/a.png\"}}", "no")));
        assertTrue(address.getMessage().contains("fetches nothing"), address.getMessage());
        Picture later = Picture.readLater(folder.resolve("dark.png"));
        assertEquals(Picture.read(folder.resolve("dark.png")), later);
        Files.copy(folder.resolve("light.png"), folder.resolve("dark.png"),
                StandardCopyOption.REPLACE_EXISTING);
        assertTrue(assertThrows(PictureException.class, later::pixels).getMessage().contains("has changed"));
        assertFalse(later.equals(Picture.read(folder.resolve("dark.png"))));
    }
}
