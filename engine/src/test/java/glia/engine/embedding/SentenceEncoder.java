package glia.engine.embedding;

import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufWriter;
import glia.model.layout.Pooling;
import glia.tensor.Tensor;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// A tiny BERT with random weights and a tokenizer of single letters, in the layout of sentence-transformers.
final class SentenceEncoder {
    static final int CLS = 2;
    static final int SEP = 3;
    /// The id of `a` at the start of a word.
    static final int FIRST_LETTER = 5;

    private SentenceEncoder() { }

    static Path resource(String name) {
        try {
            return Path.of(SentenceEncoder.class.getResource("/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Writes weights, config and tokenizer to a folder, and nothing of sentence-transformers.
    static Path write(Path folder) throws IOException {
        Files.createDirectories(folder);
        for (String file : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(resource("golden/bert/" + file), folder.resolve(file));
        }
        StringBuilder vocabulary = new StringBuilder("\"[PAD]\":0,\"[UNK]\":1,\"[CLS]\":2,\"[SEP]\":3,\"[MASK]\":4");
        int id = FIRST_LETTER;
        for (String prefix : new String[] {"", "##"}) {
            for (char c = 'a'; c <= 'z'; c++) {
                vocabulary.append(",\"").append(prefix).append(c).append("\":").append(id++);
            }
        }
        StringBuilder special = new StringBuilder();
        String[] names = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
        for (int i = 0; i < names.length; i++) {
            special.append(i == 0 ? "" : ",").append("{\"id\":").append(i).append(",\"content\":\"").append(names[i])
                    .append("\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,"
                            + "\"special\":true}");
        }
        Files.writeString(folder.resolve("tokenizer.json"), "{\"version\":\"1.0\",\"added_tokens\":[" + special
                + "],\"normalizer\":{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,"
                + "\"strip_accents\":null,\"lowercase\":false},\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},"
                + "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":["
                + "{\"SpecialToken\":{\"id\":\"[CLS]\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},"
                + "{\"SpecialToken\":{\"id\":\"[SEP]\",\"type_id\":0}}],\"pair\":[{\"Sequence\":{\"id\":\"A\","
                + "\"type_id\":0}},{\"Sequence\":{\"id\":\"B\",\"type_id\":1}}],\"special_tokens\":{"
                + "\"[CLS]\":{\"id\":\"[CLS]\",\"ids\":[2],\"tokens\":[\"[CLS]\"]},"
                + "\"[SEP]\":{\"id\":\"[SEP]\",\"ids\":[3],\"tokens\":[\"[SEP]\"]}}},"
                + "\"decoder\":{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true},"
                + "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","
                + "\"max_input_chars_per_word\":100,\"vocab\":{" + vocabulary + "}}}");
        return folder;
    }

    /// Adds the files of sentence-transformers.
    static void addModules(Path folder, Pooling pooling, int maxTokens, boolean normalized) throws IOException {
        String type = "\"type\": \"sentence_transformers.models.";
        Files.writeString(folder.resolve("modules.json"), "[{\"idx\": 0, \"name\": \"0\", \"path\": \"\", " + type
                + "Transformer\"}, {\"idx\": 1, \"name\": \"1\", \"path\": \"1_Pooling\", " + type + "Pooling\"}"
                + (normalized ? ", {\"idx\": 2, \"name\": \"2\", \"path\": \"2_Normalize\", " + type + "Normalize\"}"
                : "") + "]");
        Files.createDirectories(folder.resolve("1_Pooling"));
        StringBuilder modes = new StringBuilder("{\"word_embedding_dimension\": 32");
        for (Pooling one : Pooling.values()) {
            modes.append(", \"").append(one.key()).append("\": ").append(one == pooling);
        }
        Files.writeString(folder.resolve("1_Pooling/config.json"), modes + "}");
        Files.writeString(folder.resolve("sentence_bert_config.json"), "{\"max_seq_length\": " + maxTokens
                + ", \"do_lower_case\": false}");
    }

    /// Writes the same model as a GGUF file.
    ///
    /// @param pooling llama.cpp's number
    static Path writeGguf(Path file, int pooling) throws IOException {
        try (GgufCheckpoint from = GgufCheckpoint.open(resource("gguf_read/bert-f32.gguf"))) {
            Map<String, Object> metadata = from.metadata().values();
            metadata.put("bert.pooling_type", pooling);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : from.names()) {
                tensors.put(name, from.tensor(name));
            }
            GgufWriter.write(file, GgufMetadata.of(file, metadata), tensors);
        }
        return file;
    }
}
