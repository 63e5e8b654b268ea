package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Writes the tokenizer of a GGUF file to a folder in the Hugging Face layout: `tokenizer.json`,
/// `tokenizer_config.json` with the chat template, and `generation_config.json` with the tokens that end generation.
public final class GgufTokenizerFolder {
    private static final JsonMapper MAPPER = JsonMapper.shared();
    private static final String TEMPLATE = "tokenizer.chat_template";

    private GgufTokenizerFolder() { }

    /// Writes the files, or nothing if the metadata has no tokenizer.
    ///
    /// @throws CheckpointException if the tokenizer is not supported
    public static void write(GgufMetadata metadata, Path folder) throws IOException {
        if (!metadata.has("tokenizer.ggml.tokens")) {
            return;
        }
        TokenizerSpec spec = GgufTokenizer.read(metadata);
        ObjectNode json = (ObjectNode) MAPPER.readTree(spec.json());
        json.set("decoder", decoder(spec.decoder()));
        ObjectNode config = MAPPER.createObjectNode().put("tokenizer_class", "PreTrainedTokenizerFast");
        token(config, "bos_token", spec, spec.bos());
        token(config, "eos_token", spec, spec.eos());
        config.put("add_bos_token", spec.template().before().length > 0);
        config.put("add_eos_token", spec.template().after().length > 0);
        if (metadata.has(TEMPLATE)) {
            config.put("chat_template", metadata.string(TEMPLATE));
        }
        Files.writeString(folder.resolve("tokenizer.json"), json.toString());
        Files.writeString(folder.resolve("tokenizer_config.json"), config.toPrettyString() + "\n");
        if (!spec.endOfGeneration().isEmpty()) {
            ObjectNode generation = MAPPER.createObjectNode();
            ArrayNode ends = generation.putArray("eos_token_id");
            spec.endOfGeneration().forEach(ends::add);
            Files.writeString(folder.resolve("generation_config.json"), generation.toPrettyString() + "\n");
        }
    }

    private static void token(ObjectNode config, String role, TokenizerSpec spec, OptionalInt id) {
        id.ifPresent(token -> config.put(role, spec.vocabulary().piece(token)));
    }

    private static ObjectNode decoder(PieceDecoder decoder) {
        ObjectNode json = MAPPER.createObjectNode();
        switch (decoder) {
            case PieceDecoder.ByteLevel level -> json.put("type", "ByteLevel").put("add_prefix_space", true)
                    .put("trim_offsets", true).put("use_regex", true);
            case PieceDecoder.Words words -> json.put("type", "WordPiece").put("prefix", words.prefix())
                    .put("cleanup", words.cleanup());
            case PieceDecoder.Characters characters -> {
                ArrayNode steps = json.put("type", "Sequence").putArray("decoders");
                characters.replacements().forEach(r -> {
                    ObjectNode step = steps.addObject().put("type", "Replace");
                    step.putObject("pattern").put("String", r.pattern());
                    step.put("content", r.content());
                });
                if (characters.byteFallback()) {
                    steps.addObject().put("type", "ByteFallback");
                }
                steps.addObject().put("type", "Fuse");
                if (characters.leadingSpaces() > 0) {
                    steps.addObject().put("type", "Strip").put("content", " ")
                            .put("start", characters.leadingSpaces()).put("stop", 0);
                }
            }
        }
        return json;
    }
}
