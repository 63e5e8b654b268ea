package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.io.CheckpointException;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.write.ModelWriter;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import glia.text.template.ChatMessage;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Models for text and images, made of a text model's golden checkpoint and tensors of other parts: the text part runs.
@Timeout(300)
class TextBackboneTest {
    @TempDir
    Path folder;

    /// Tensor names as hub files have them, and as newer libraries save them.
    private static final List<UnaryOperator<String>> NAMES = List.of(
            name -> "language_model." + name,
            name -> name.startsWith("model.") ? "model.language_model." + name.substring(6) : name,
            name -> name);

    private void write(String golden, String whole, String textType, UnaryOperator<String> rename, String other)
            throws IOException {
        Path source = GoldenTest.folder(golden);
        String text = Files.readString(source.resolve("config.json"));
        String inner = textType.isEmpty() ? text.replaceFirst("\"model_type\": \"[a-z0-9_]+\",", "")
                : text.replaceFirst("\"model_type\": \"[a-z0-9_]+\"", "\"model_type\": \"" + textType + "\"");
        boolean tied = text.contains("\"tie_word_embeddings\": true");
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"" + whole + "\", \"vision_config\": {}, "
                + "\"tie_word_embeddings\": " + tied + ", \"text_config\": " + inner + "}");
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> more = new LinkedHashMap<>();
            if (!other.isEmpty()) {
                more.put(other, Tensor.allocate(arena, DType.F32, 3, 2));
            }
            copy(source, "model.safetensors", rename, more);
            copy(source, "expected.safetensors",
                    name -> name.startsWith("grad.") ? "grad." + rename.apply(name.substring(5)) : name, Map.of());
        }
    }

    private void copy(Path source, String file, UnaryOperator<String> rename, Map<String, Tensor> more)
            throws IOException {
        try (SafetensorsCheckpoint from = SafetensorsCheckpoint.open(source.resolve(file))) {
            Map<String, Tensor> tensors = new LinkedHashMap<>(more);
            for (String name : from.names()) {
                tensors.put(rename.apply(name), from.tensor(name));
            }
            SafetensorsWriter.write(folder.resolve(file), tensors, Map.of());
        }
    }

    private void check() throws CheckpointException {
        List<CheckLine> lines = new ArrayList<>();
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(folder);
                Engine engine = new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 30)) {
            ModelCheck.run(folder, engine, lines::add);
        }
        assertTrue(lines.size() >= 4, lines::toString);
        for (CheckLine line : lines) {
            assertTrue(line.passed(), line::toString);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "gemma3_text, gemma3, gemma3_text, vision_tower.vision_model.embeddings.patch_embedding.weight",
        "kimi_k2, kimi_k25, kimi_k2, mm_projector.proj.0.weight",
        "deepseek_v3, kimi_k25, '', vision_tower.encoder.blocks.0.norm0.weight",
        "llama, llava, llama, multi_modal_projector.linear_1.weight",
        "llama, llava_next, '', image_newline",
        "ministral3, mistral3, ministral3, vision_tower.ln_pre.weight",
        "mistral, mistral3, '', multi_modal_projector.norm.weight",
        "qwen2, qwen2_5_vl, qwen2_5_vl_text, visual.blocks.0.attn.qkv.weight",
        "qwen2, qwen2_vl, '', visual.merger.ln_q.weight",
        "qwen3, qwen3_vl, qwen3_vl_text, visual.pos_embed.weight",
        "qwen3_5_text, qwen3_5, qwen3_5_text, model.visual.patch_embed.proj.weight",
    })
    void theTextPartGivesTheReferencesNumbers(String golden, String whole, String textType, String other)
            throws IOException {
        for (UnaryOperator<String> names : NAMES) {
            write(golden, whole, textType, names, other);
            check();
        }
        Path saved = folder.resolve("saved");
        try (Model model = ModelLoader.load(folder)) {
            ModelWriter.write(model, saved);
        }
        try (Model model = ModelLoader.load(saved)) {
            assertTrue(model.checkpoint().names().contains(other), "the other parts are kept");
        }
    }

    @Test
    void flatConfigsAreTheTextPart() throws IOException {
        write("qwen2", "qwen2_5_vl", "", NAMES.get(2), "visual.patch_embed.proj.weight");
        String text = Files.readString(GoldenTest.folder("qwen2").resolve("config.json"));
        Files.writeString(folder.resolve("config.json"), text.replaceFirst("\"qwen2\"", "\"qwen2_5_vl\"")
                .replaceFirst("\\{", "{\"vision_config\": {}, "
                + "\"rope_scaling\": {\"type\": \"mrope\", \"mrope_section\": [1, 1, 2]},"));
        check();
    }

    @Test
    void numbersThatComeOfAnImageAreNotCompared() throws IOException {
        write("llama", "llava", "llama", NAMES.get(0), "");
        try (Arena arena = Arena.ofConfined()) {
            copy(GoldenTest.folder("llama"), "expected.safetensors", name -> name,
                    Map.of("pixel_values", Tensor.allocate(arena, DType.F32, 3, 2)));
        }
        assertTrue(assertThrows(CheckpointException.class, this::check).getMessage()
                .contains("pixel_values: is an image or a sound"));
    }

    private String refused() {
        return assertThrows(CheckpointException.class, () -> ModelLoader.load(folder).close()).getMessage();
    }

    @Test
    void whatIsInNoPartIsRefused() throws IOException {
        for (String name : List.of("audio.weight", "vision_tower", "language_model.model.layers.0.extra.weight",
                "visual.blocks.0.weight")) {
            write("llama", "llava", "llama", NAMES.get(0), name);
            assertTrue(refused().contains(name), refused());
        }
    }

    @Test
    void anUnknownTextPartIsNamed() throws IOException {
        write("llama", "llava", "florence", NAMES.get(0), "");
        assertTrue(refused().contains("text_config.model_type") && refused().contains("'florence'"), refused());
    }

    @Test
    void aMissingTensorIsNamed() throws IOException {
        write("llama", "llava", "llama", name -> name.contains("norm.weight") ? "vision_tower." + name
                : "language_model." + name, "");
        assertTrue(refused().contains("language_model.model.layers.0.input_layernorm.weight"), refused());
    }

    @Test
    void imagesAreRefused() {
        for (String type : List.of("image", "image_url", "audio", "video")) {
            ChatMessage message = new ChatMessage("user", "", List.of(), "", Map.of("content", List.of(
                    Map.of("type", "text", "text", "What is this?"), Map.of("type", type, "url", "cat.png"))));
            String words = assertThrows(IllegalArgumentException.class, message::requireText).getMessage();
            assertTrue(words.contains("'" + type + "'") && words.contains("not read"), words);
        }
        ChatMessage text = new ChatMessage("user", "", List.of(), "", Map.of("content",
                List.of(Map.of("type", "text", "text", "Hello"), "plain")));
        text.requireText();
        assertEquals("user", text.role());
    }
}
