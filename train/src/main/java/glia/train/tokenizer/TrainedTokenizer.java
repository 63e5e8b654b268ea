package glia.train.tokenizer;

import glia.io.CheckpointException;
import glia.io.file.AtomicFile;
import glia.io.json.JsonTree;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A vocabulary as a [TokenizerTrainer] makes it.
///
/// @param tokens by id; byte-level tokens have a character for each byte, see GPT-2
/// @param merges pairs of tokens, the most frequent first
/// @param specialTokens those of `tokens` that text never becomes
public record TrainedTokenizer(Kind kind, List<String> tokens, List<String[]> merges, SpecialTokens specialTokens) {
    /// What the tokens are made of.
    public enum Kind {
        /// Byte-level BPE: any text has tokens.
        BYTES,
        /// A token for each character of the training texts.
        CHARACTERS
    }

    /// Copies the lists.
    public TrainedTokenizer {
        tokens = List.copyOf(tokens);
        merges = List.copyOf(merges);
    }

    /// The tokenizer.json that Hugging Face's tokenizers library loads.
    public String json() {
        Map<String, Object> ids = new LinkedHashMap<>();
        for (int i = 0; i < tokens.size(); i++) {
            ids.put(tokens.get(i), i);
        }
        List<Object> added = new ArrayList<>();
        for (String special : specialTokens.all()) {
            LinkedHashMap<String, Object> token = addedToken(special);
            token.putFirst("id", ids.get(special));
            added.add(token);
        }
        boolean isBytes = kind == Kind.BYTES;
        Map<String, Object> byteLevel = map("type", "ByteLevel", "add_prefix_space", false, "trim_offsets", true,
                "use_regex", true);
        String unknown = isBytes ? null : specialTokens.byRole().get(SpecialTokens.UNKNOWN);
        Map<String, Object> model = map("type", "BPE", "dropout", null, "unk_token", unknown,
                "continuing_subword_prefix", null, "end_of_word_suffix", null, "fuse_unk", false,
                "byte_fallback", false, "ignore_merges", false, "vocab", ids,
                "merges", merges.stream().map(Arrays::asList).toList());
        return JsonTree.of(map("version", "1.0", "truncation", null, "padding", null, "added_tokens", added,
                "normalizer", null, "pre_tokenizer", isBytes ? byteLevel : null, "post_processor", processor(ids),
                "decoder", isBytes ? byteLevel : map("type", "Fuse"), "model", model)).toString();
    }

    /// Puts BOS before each text.
    private Map<String, Object> processor(Map<String, Object> ids) {
        String bos = specialTokens.byRole().get(SpecialTokens.BOS);
        if (bos == null) {
            return null;
        }
        List<Object> single = List.of(part("SpecialToken", bos, 0), part("Sequence", "A", 0));
        List<Object> pair = List.of(part("SpecialToken", bos, 0), part("Sequence", "A", 0), part("Sequence", "B", 1));
        return map("type", "TemplateProcessing", "single", single, "pair", pair, "special_tokens",
                map(bos, map("id", bos, "ids", List.of(ids.get(bos)), "tokens", List.of(bos))));
    }

    private static Map<String, Object> part(String kind, String id, int type) {
        return map(kind, map("id", id, "type_id", type));
    }

    /// The tokenizer_config.json that belongs to it.
    ///
    /// @param chatTemplate the chat template in Jinja
    public String configJson(Optional<String> chatTemplate) {
        Map<String, Object> config = map("tokenizer_class", "PreTrainedTokenizerFast",
                "clean_up_tokenization_spaces", false);
        config.putAll(specialTokens.byRole());
        Map<String, Object> decoder = new LinkedHashMap<>();
        specialTokens.all().forEach(t -> decoder.put(Integer.toString(tokens.indexOf(t)), addedToken(t)));
        config.put("added_tokens_decoder", decoder);
        if (!specialTokens.others().isEmpty()) {
            config.put("additional_special_tokens", specialTokens.others());
        }
        chatTemplate.ifPresent(template -> config.put("chat_template", template));
        return JsonTree.of(config).toString();
    }

    private LinkedHashMap<String, Object> addedToken(String content) {
        return map("content", content, "single_word", false, "lstrip", false, "rstrip", false, "normalized", false,
                "special", !specialTokens.visible().contains(content));
    }

    /// Writes tokenizer.json and tokenizer_config.json into a folder.
    ///
    /// @throws CheckpointException if there is one of them already, or if they cannot be written
    public void write(Path folder) throws CheckpointException {
        write(folder, Optional.empty());
    }

    /// The same with a chat template.
    public void write(Path folder, Optional<String> chatTemplate) throws CheckpointException {
        Path config = folder.resolve("tokenizer_config.json");
        AtomicFile.requireAbsent(config);
        write(folder.resolve("tokenizer.json"), json());
        write(config, configJson(chatTemplate));
    }

    private static void write(Path file, String json) throws CheckpointException {
        byte[] utf8 = json.getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(file, AtomicFile.IfExists.FAIL, out -> out.write(utf8));
    }

    private static LinkedHashMap<String, Object> map(Object... pairs) {
        LinkedHashMap<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put((String) pairs[i], pairs[i + 1]);
        }
        return map;
    }
}
