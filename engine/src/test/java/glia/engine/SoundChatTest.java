package glia.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.call.CallException;
import glia.engine.call.Prompt;
import glia.engine.call.RenderedPrompt;
import glia.engine.sampling.SamplingOptions;
import glia.io.sound.Sound;
import glia.io.sound.SoundException;
import glia.model.block.Input;
import glia.text.template.ChatMessage;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Conversations with sounds: the thinker of Qwen2.5-Omni, whose template writes one placeholder for each sound between
/// a begin and an end, and Gemma 4, whose template leaves those two to the processor.
class SoundChatTest {
    private static final GenerationOptions GREEDY = new GenerationOptions(SamplingOptions.greedy(), 4, List.of());
    private static final List<String> SPECIAL = List.of("<pad>", "<s>", "</s>", "<|IMAGE|>", "<|VIDEO|>",
            "<|vision_bos|>", "<|vision_eos|>", "<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>");
    private static final List<String> GEMMA = List.of("<pad>", "<s>", "</s>", "<|image|>", "<|video|>", "<|image>",
            "<image|>", "<|audio|>", "<|audio>", "<audio|>");
    private static final int AUDIO = 7;

    @TempDir
    static Path folder;

    @TempDir
    static Path gemma;

    @BeforeAll
    static void write() throws IOException, URISyntaxException {
        write(folder, "qwen2_5_omni_thinker", SPECIAL, "<|audio_bos|><|AUDIO|><|audio_eos|>", """
                {"feature_extractor_type": "WhisperFeatureExtractor", "processor_class": "Qwen2_5OmniProcessor",
                "feature_size": 10, "sampling_rate": 16000, "hop_length": 160, "n_fft": 400, "chunk_length": 2,
                "image_processor_type": "Qwen2VLImageProcessor"}""");
        write(gemma, "gemma4", GEMMA, "<|audio|>", "{}");
        Files.writeString(gemma.resolve("processor_config.json"), """
                {"feature_extractor": {"feature_extractor_type": "Gemma4AudioFeatureExtractor", "feature_size": 32},
                "image_processor": {"image_processor_type": "Gemma4ImageProcessor"}}""");
    }

    private static void write(Path folder, String model, List<String> special, String mark, String processor)
            throws IOException, URISyntaxException {
        Path golden = Path.of(SoundChatTest.class.getResource("/golden-pictures/" + model + "/config.json").toURI())
                .getParent();
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(golden.resolve(name), folder.resolve(name));
        }
        List<String> vocabulary = new ArrayList<>();
        List<String> added = new ArrayList<>();
        for (int i = 0; i < special.size(); i++) {
            vocabulary.add("\"%s\": %d".formatted(special.get(i), i));
            added.add("""
                    {"id": %d, "content": "%s", "special": true, "single_word": false, "lstrip": false, "rstrip": false,
                    "normalized": false}""".formatted(i, special.get(i)));
        }
        IntStream.range(0, 60).forEach(i -> vocabulary.add("\"%c\": %d".formatted(i == 0 ? ' ' : '@' + i == 92 ? '?'
                : '@' + i, special.size() + i)));
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version": "1.0", "added_tokens": [%s], "normalizer": null, "pre_tokenizer": null,
                "post_processor": null, "decoder": {"type": "Fuse"}, "model": {"type": "BPE", "vocab": {%s},
                "merges": []}}""".formatted(String.join(",", added), String.join(",", vocabulary)));
        Files.writeString(folder.resolve("chat_template.jinja"), """
                {%- for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}\
                {% if p.type == 'audio' %}MARK{% else %}{{ p.text }}{% endif %}\
                {% endfor %}{% endif %}{% endfor %}""".replace("MARK", mark));
        Files.writeString(folder.resolve("preprocessor_config.json"), processor);
    }

    private static Sound sound(double seconds) throws IOException {
        return Sound.of("the sound", SpeechModel.wav(seconds), Sound.Limits.DEFAULT);
    }

    private static RenderedPrompt rendered(LanguageModel model, ChatMessage... messages) {
        return RenderedPrompt.of(model, new Prompt.Conversation(List.of(messages), List.of(), Map.of(), false), GREEDY);
    }

    @Test
    void aPlaceholderBecomesOneForEachRow() throws IOException {
        try (LanguageModel model = LanguageModel.load(folder)) {
            assertTrue(model.pictures().areHeard());
            assertEquals(List.of("text", "image", "audio"), model.pictures().modalities());
            ChatMessage question = ChatMessage.user("What is said?").withSounds(List.of(sound(1), sound(0.5)));
            RenderedPrompt prompt = rendered(model, question);
            // 100 and 50 frames; convolutions and means leave one of four.
            assertEquals(25 + 12, Arrays.stream(prompt.ids()).filter(id -> id == AUDIO).count());
            List<Input.Embedded> rows = prompt.input().embedded();
            assertEquals(List.of(25, 12), rows.stream().map(r -> r.rows().count()).toList());
            assertEquals(List.of(1, 1), rows.stream().map(r -> r.rows().tower()).toList());
            assertNotEquals(rows.getFirst().rows().hash(), rows.getLast().rows().hash());
            // What a user types is no placeholder.
            assertTrue(rendered(model, ChatMessage.user("<|AUDIO|>")).input().embedded().isEmpty());
        }
    }

    @Test
    void placeholdersGetABeginAndAnEnd() throws IOException {
        try (LanguageModel model = LanguageModel.load(gemma); Chat chat = model.chat().options(GREEDY)) {
            int begin = GEMMA.indexOf("<|audio>");
            int[] ids = rendered(model, ChatMessage.user("a").withSounds(List.of(sound(1)))).ids();
            // 99 frames; two convolutions leave one of four.
            IntStream expected = IntStream.concat(IntStream.of(begin), IntStream.concat(IntStream.generate(() -> AUDIO)
                    .limit(25), IntStream.of(begin + 1)));
            assertEquals(expected.boxed().toList(), Arrays.stream(ids).filter(id -> id >= AUDIO && id <= begin + 1)
                    .boxed().toList());
            chat.stream(ChatMessage.user("a").withSounds(List.of(sound(1))), piece -> { });
        }
    }

    @Test
    void aChatKeepsItsSounds(@TempDir Path other) throws IOException {
        try (LanguageModel model = LanguageModel.load(folder); Chat chat = model.chat().options(GREEDY)) {
            ChatMessage question = ChatMessage.user("What is said?").withSounds(List.of(sound(1)));
            chat.stream(question, piece -> { });
            assertTrue(chat.stream("And then?", piece -> { }).reusedTokens() > 25);
            ChatFile.write(other.resolve("chat.json"), chat.messages());
            assertEquals(question.sounds().getFirst().hash(),
                    ChatFile.read(other.resolve("chat.json")).getFirst().sounds().getFirst().hash());
        }
    }

    @Test
    void soundsThatCannotBeUsedAreErrors() throws IOException, URISyntaxException {
        byte[] tone = SpeechModel.wav(1);
        assertThrows(SoundException.class, () -> Sound.of("a", tone, new Sound.Limits(100, 10)));
        Sound tooLong = Sound.of("a", tone, new Sound.Limits(1 << 20, 0.5));
        assertThrows(SoundException.class, () -> tooLong.samples(16_000));
        assertThrows(SoundException.class, () -> Sound.of("a", new byte[] {1, 2, 3}, Sound.Limits.DEFAULT));
        assertThrows(SoundException.class, () -> Sound.ofBase64("a", "?", Sound.Limits.DEFAULT));
        Path deaf = Path.of(SoundChatTest.class.getResource("/golden-pictures/qwen2_vl/config.json").toURI())
                .getParent();
        try (LanguageModel model = LanguageModel.load(deaf)) {
            ChatMessage question = ChatMessage.user("a").withSounds(List.of(sound(1)));
            assertTrue(assertThrows(CallException.class, () -> rendered(model, question)).getMessage()
                    .contains("reads no sounds"));
        }
    }
}
