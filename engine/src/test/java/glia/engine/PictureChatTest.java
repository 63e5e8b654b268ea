package glia.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.answer.AnswerReceiver;
import glia.engine.answer.GeneratedToken;
import glia.engine.call.CallException;
import glia.engine.call.GenerationCall;
import glia.engine.call.GenerationRun;
import glia.engine.call.Prompt;
import glia.engine.call.RenderedPrompt;
import glia.engine.inspect.ModelSummary;
import glia.engine.sampling.SamplingOptions;
import glia.io.picture.Film;
import glia.io.picture.Picture;
import glia.io.picture.PictureException;
import glia.io.picture.Visual;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Input;
import glia.text.template.ChatMessage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Conversations with pictures: what a template writes, what a processor replaces, what a tower reads.
class PictureChatTest {
    private static final GenerationOptions GREEDY = new GenerationOptions(SamplingOptions.greedy(), 6, List.of());

    @TempDir
    Path temporary;

    private static LanguageModel model(String name) throws IOException {
        try {
            return LanguageModel.load(Path.of(PictureChatTest.class.getResource("/golden-pictures/" + name
                    + "/config.json").toURI()).getParent());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] png(int color, int width, int height) throws IOException {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < width * height; i++) {
            image.setRGB(i % width, i / width, color + i % 7 * 0x1f);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    private static Picture picture(int color) throws IOException {
        return Picture.of("the picture", png(color, 60, 40), Picture.Limits.DEFAULT);
    }

    private static RenderedPrompt rendered(LanguageModel model, ChatMessage... messages) {
        return RenderedPrompt.of(model, new Prompt.Conversation(List.of(messages), List.of(), Map.of(), false), GREEDY);
    }

    /// Templates of parts alone (LLaVA), of both (Qwen2-VL), of texts alone (Gemma 3).
    @ParameterizedTest
    @CsvSource({
        "llava, user: <image><image><image><image>nWhat is this?",
        "qwen2_vl, user: <|vision_start|>6<|vision_end|>What is this?",
        "gemma3, user: nn<start_of_image><image_soft_token><image_soft_token><image_soft_token><image_soft_token>"
                + "<end_of_image>nnnWhat is this?"})
    void theMarkBecomesThePlaceholdersOfItsRows(String name, String expected) throws IOException {
        try (LanguageModel model = model(name)) {
            RenderedPrompt prompt = rendered(model, ChatMessage.user("What is this?", picture(0x204060)));
            String all = "<s>" + expected.replace("6", "<|image_pad|>".repeat(6)) + "</s>assistant: ";
            assertEquals(all, model.tokenizer().decode(prompt.ids(), false).replace("\n", "n"));
            assertEquals(1, prompt.input().embedded().size());
            Input.Embedded rows = prompt.input().embedded().getFirst();
            assertEquals(model.model().spec().towers().getFirst().placeholder(), prompt.ids()[rows.start()]);
            assertEquals(prompt.ids().length, RenderedPrompt.count(model, new Prompt.Conversation(List.of(
                    ChatMessage.user("What is this?", picture(0x204060))), List.of(), Map.of(), false),
                    GREEDY.thinking()));
            assertTrue(rendered(model, ChatMessage.user("What is this?")).input().embedded().isEmpty());
        }
    }

    /// Two frames are one step of time; the last frame stands twice.
    @Test
    void aFilmTakesPlaceholdersForItsFramesInPairs() throws IOException {
        Film film = new Film("the film", List.of(picture(0x204060), picture(0xf0c010), picture(0x30a040)),
                List.of(0.0, 0.5, 1.0));
        ChatMessage question = ChatMessage.user("What happens?").withPictures(List.of(film, picture(0x204060)));
        try (LanguageModel model = model("qwen2_vl"); Chat chat = model.chat().options(GREEDY)) {
            RenderedPrompt prompt = rendered(model, question);
            List<Input.Embedded> rows = prompt.input().embedded();
            assertEquals(List.of(2, 4, 6), rows.getFirst().rows().grid());
            assertEquals(List.of(12, 6), rows.stream().map(e -> e.rows().count()).toList());
            assertEquals(1, rows.getFirst().rows().positions()[6 * 3]);
            assertEquals(4, rows.getFirst().rows().spaced(4).positions()[6 * 3]);
            chat.stream(question, piece -> { });
            Path file = temporary.resolve("chat.json");
            ChatFile.write(file, chat.messages());
            assertEquals(question.visuals().stream().map(Visual::hash).toList(),
                    ChatFile.read(file).getFirst().visuals().stream().map(Visual::hash).toList());
        }
        try (LanguageModel model = model("llava")) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> rendered(model, question)).getMessage()
                    .contains("films of this model are not read"));
        }
    }

    /// Qwen2.5-VL: `tokens_per_second` 4, two frames a step: `⌊4 · 2 · 0.75⌋` positions from a step to the next. The
    /// Omni models name the rate otherwise.
    @ParameterizedTest
    @CsvSource({"0, 6", "13, 19"})
    void positionsOfFramesFollowTheirTimes(int rateOfOmni, int positions) throws Exception {
        Path tokens = Path.of(PictureChatTest.class.getResource("/golden-pictures/qwen2_vl/config.json").toURI())
                .getParent();
        for (String file : List.of("chat_template.jinja", "preprocessor_config.json", "tokenizer.json",
                "tokenizer_config.json")) {
            Files.copy(tokens.resolve(file), temporary.resolve(file));
        }
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(tokens.resolveSibling("qwen2_5_vl").resolve(file), temporary.resolve(file));
        }
        if (rateOfOmni > 0) {
            Path config = temporary.resolve("config.json");
            Files.writeString(config, Files.readString(config).replaceFirst("\\{", "{\"position_id_per_seconds\": "
                    + rateOfOmni + ","));
        }
        Film film = new Film("the film", List.of(picture(0x204060), picture(0xf0c010), picture(0x30a040)),
                List.of(0.0, 0.75, 1.5));
        try (LanguageModel model = LanguageModel.load(temporary)) {
            Input.Rows rows = rendered(model, ChatMessage.user("What happens?").withPictures(List.of(film))).input()
                    .embedded().getFirst().rows();
            assertEquals(2, rows.grid().getFirst());
            assertEquals(positions, rows.positions()[rows.count() / 2 * 3]);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llava", "qwen2_vl", "gemma3"})
    void aChatKeepsItsPictures(String name) throws IOException {
        try (LanguageModel model = model(name); Chat chat = model.chat().options(GREEDY);
                Chat other = model.chat().options(GREEDY)) {
            ChatMessage question = ChatMessage.user("What is this?", picture(0x204060), picture(0xf0c010));
            String first = chat.stream(question, piece -> { }).text();
            Answer second = chat.stream("Is it a cat?", piece -> { });
            assertTrue(second.reusedTokens() > 20, "reused " + second.reusedTokens());
            Path file = temporary.resolve("chat.json");
            ChatFile.write(file, chat.messages());
            List<ChatMessage> read = ChatFile.read(file);
            assertEquals(question.pictures().stream().map(Picture::hash).toList(),
                    read.getFirst().pictures().stream().map(Picture::hash).toList());
            other.restore(read.subList(0, 2));
            assertEquals(first, read.get(1).content());
            assertEquals(second.text(), other.stream("Is it a cat?", piece -> { }).text());
        }
    }

    /// The tokens' probabilities depend on the picture: equal placeholders are not enough. (The windows of the Gemma 3
    /// of this test are too short to see it.)
    @ParameterizedTest
    @ValueSource(strings = {"llava", "qwen2_vl"})
    void requestsOfABatchSeeTheirOwnPicture(String name) throws IOException {
        try (LanguageModel model = model(name)) {
            float[] red = first(model, ChatMessage.user("What is this?", picture(0xf00000)));
            float[] blue = first(model, ChatMessage.user("What is this?", picture(0x0000f0)));
            float[] redAgain = first(model, ChatMessage.user("What is this?", picture(0xf00000)));
            float[] none = first(model, ChatMessage.user("What is this?"));
            assertArrayEquals(red, redAgain, 1e-4f);
            assertNotEquals(Arrays.toString(red), Arrays.toString(blue));
            assertNotEquals(Arrays.toString(none), Arrays.toString(blue));
        }
    }

    private static float[] first(LanguageModel model, ChatMessage message) {
        GenerationCall call = new GenerationCall(new Prompt.Conversation(List.of(message), List.of(), Map.of(), false),
                GREEDY, "", "", Duration.ofMinutes(1)).withLogProbabilities(4);
        float[] found = new float[6];
        int[] count = new int[1];
        new GenerationRun(model, call).run(new AnswerReceiver() {
            @Override
            public void token(int sample, GeneratedToken token) {
                found[count[0]++] = token.logProbability();
            }

            @Override
            public void text(int sample, String piece) { }
        }, () -> true);
        return found;
    }

    /// The lines of a picture end with a token, so its rows are in runs; the tower runs once.
    @Test
    void tokensEndTheLinesOfAPicture() throws IOException {
        try (LanguageModel model = model("mistral3")) {
            RenderedPrompt prompt = rendered(model, ChatMessage.user("what is this?", picture(0x204060)));
            assertTrue(model.tokenizer().decode(prompt.ids(), false).contains(
                    "user: [IMG][IMG][IMG_BREAK][IMG][IMG][IMG_END]what is this?"),
                    () -> model.tokenizer().decode(prompt.ids(), false));
            assertEquals(List.of(2, 2), prompt.input().embedded().stream().map(e -> e.rows().count()).toList());
            float[] red = first(model, ChatMessage.user("what is this?", picture(0xf00000)));
            float[] blue = first(model, ChatMessage.user("what is this?", picture(0x0000f0)));
            assertNotEquals(Arrays.toString(red), Arrays.toString(blue));
        }
    }

    @ParameterizedTest
    @CsvSource({"qwen2_5_omni_thinker, 'pictures, 1 token for 8 x 8 pixels, or for these of 2 frames', "
            + "'sounds, 5 tokens for 20 frames'", "mistral3, 'pictures, 1 token for 28 x 28 pixels',",
        "emu3, 'pictures, as tokens of the vocabulary',"})
    void aSummarySaysWhatAPictureTakes(String name, String pictures, String sounds) throws Exception {
        try (Model model = ModelLoader.load(Path.of(PictureChatTest.class.getResource("/golden-pictures/" + name
                + "/config.json").toURI()).getParent())) {
            assertEquals(sounds == null ? List.of(pictures) : List.of(pictures, sounds),
                    ModelSummary.of(model).senses());
        }
    }

    /// Pictures as tokens of the vocabulary, with the tokens that a template and a processor write around them.
    @ParameterizedTest
    @CsvSource({"chameleon, <s>user: <racm3:break>,<eoss>, 16, IMGIMG", "emu3, "
            + "<s>user: <|image start|>4*6<|image token|>,<|extra_201|><|image end|>, 28, <|visual token"})
    void aModelReadsPicturesAsTokens(String name, String before, String after, int count, String code)
            throws IOException {
        try (LanguageModel model = model(name)) {
            assertTrue(model.pictures().areRead());
            RenderedPrompt prompt = rendered(model, ChatMessage.user("what is this?", picture(0x204060)));
            assertTrue(prompt.input().embedded().isEmpty());
            String text = model.tokenizer().decode(prompt.ids(), false);
            assertTrue(text.startsWith(before) && text.endsWith(after + "what is this?</s>assistant: "), text);
            assertEquals(model.tokenizer().encode(before, true).length + count
                    + model.tokenizer().encode(after + "what is this?</s>assistant: ", true).length,
                    prompt.ids().length, text);
            assertTrue(text.contains(code), text);
            // The random weights of the other one give all pictures one code.
            assertEquals(name.equals("emu3"), text.equals(model.tokenizer().decode(rendered(model,
                    ChatMessage.user("what is this?", picture(0xf0c010))).ids(), false)));
        }
    }

    /// What a user types is no mark, and a picture in a message of text is none.
    @Test
    void textIsNoMark() throws IOException {
        try (LanguageModel model = model("llava")) {
            RenderedPrompt prompt = rendered(model, ChatMessage.user("<image> What?", picture(1)));
            int placeholder = model.model().spec().towers().getFirst().placeholder();
            assertEquals(4, Arrays.stream(prompt.ids()).filter(id -> id == placeholder).count());
            assertEquals(0, Arrays.stream(rendered(model, ChatMessage.user("<image>")).ids())
                    .filter(id -> id == placeholder).count());
        }
    }

    @Test
    void whatCannotBeReadIsRefused() throws IOException {
        try (LanguageModel stories = LanguageModel.load("stories260K"); LanguageModel model = model("qwen2_vl")) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> ChatMessage.user("What?", picture(1))
                    .requireText()).getMessage().contains("not read"));
            Chat chat = stories.chat();
            assertTrue(assertThrows(IllegalArgumentException.class, () -> chat.stream(ChatMessage.user("What?",
                    picture(1)), piece -> { })).getMessage().contains("not read"));
            try (LanguageModel without = model("janus"); Chat drawing = without.chat()) {
                assertTrue(assertThrows(IllegalArgumentException.class, () -> drawing.stream(ChatMessage.user("What?",
                        picture(1)), piece -> { })).getMessage().contains("no chat template"));
            }
            byte[] file = png(1, 60, 40);
            Picture cut = Picture.of("cat.png", Arrays.copyOf(file, file.length / 2), Picture.Limits.DEFAULT);
            assertTrue(assertThrows(CallException.class, () -> rendered(model, ChatMessage.user("What?", cut)))
                    .getMessage().contains("cat.png: the png file is damaged or cut off"));
            Picture narrow = Picture.of("line.png", png(1, 900, 2), Picture.Limits.DEFAULT);
            try (Chat pictures = model.chat()) {
                assertTrue(assertThrows(PictureException.class, () -> pictures.stream(ChatMessage.user("What?", narrow),
                        piece -> { })).getMessage().contains("at most 200 times"));
                assertEquals(List.of(), pictures.messages());
            }
            Path copy = temporary.resolve("copy");
            Files.createDirectories(copy);
            try (var files = Files.list(model.path())) {
                for (Path one : files.filter(f -> !f.endsWith("preprocessor_config.json")).toList()) {
                    Files.copy(one, copy.resolve(one.getFileName()));
                }
            }
            try (LanguageModel without = LanguageModel.load(copy)) {
                assertTrue(assertThrows(CallException.class, () -> rendered(without, ChatMessage.user("What?",
                        picture(1)))).getMessage().contains("preprocessor_config.json"));
            }
        }
    }
}
