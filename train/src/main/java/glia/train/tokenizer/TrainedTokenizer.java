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

/// A byte-level BPE vocabulary, as [BpeTrainer] makes it.
///
/// @param tokens by id; a character for each byte, see GPT-2
/// @param merges pairs of tokens, the most frequent first
/// @param specialTokens those of `tokens` that text never becomes
public record TrainedTokenizer(List<String> tokens, List<String[]> merges, List<String> specialTokens) {
    /// The tokenizer.json that Hugging Face's tokenizers library loads.
    public String json() {
        Map<String, Object> ids = new LinkedHashMap<>();
        for (int i = 0; i < tokens.size(); i++) {
            ids.put(tokens.get(i), i);
        }
        List<Object> added = new ArrayList<>();
        for (String special : specialTokens) {
            added.add(map("id", ids.get(special), "content", special, "single_word", false, "lstrip", false,
                    "rstrip", false, "normalized", false, "special", true));
        }
        Map<String, Object> byteLevel = map("type", "ByteLevel", "add_prefix_space", false, "trim_offsets", true,
                "use_regex", true);
        Map<String, Object> model = map("type", "BPE", "dropout", null, "unk_token", null,
                "continuing_subword_prefix", null, "end_of_word_suffix", null, "fuse_unk", false,
                "byte_fallback", false, "ignore_merges", false, "vocab", ids,
                "merges", merges.stream().map(Arrays::asList).toList());
        return JsonTree.of(map("version", "1.0", "truncation", null, "padding", null, "added_tokens", added,
                "normalizer", null, "pre_tokenizer", byteLevel, "post_processor", null, "decoder", byteLevel,
                "model", model)).toString();
    }

    /// Writes tokenizer.json into a folder.
    ///
    /// @throws CheckpointException if there is one already, or if it cannot be written
    public void write(Path folder) throws CheckpointException {
        byte[] utf8 = json().getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(folder.resolve("tokenizer.json"), AtomicFile.IfExists.FAIL, out -> out.write(utf8));
    }

    private static Map<String, Object> map(Object... pairs) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put((String) pairs[i], pairs[i + 1]);
        }
        return map;
    }
}
