package glia.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.hub.HubException.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ModelFilesTest {
    private static ModelFiles of(String wanted, String... names) throws HubException {
        return ModelFiles.of(List.of(names), wanted, "here");
    }

    private static String refusal(Kind kind, String wanted, String... names) {
        var refusal = assertThrows(HubException.class, () -> of(wanted, names));
        assertEquals(kind, refusal.kind());
        return refusal.getMessage();
    }

    @Test
    void selectsConfigTokenizerAndWeights() throws HubException {
        ModelFiles choice = of("", ".gitattributes", "README.md", "LICENSE", "model.safetensors", "config.json",
            "generation_config.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json",
            "merges.txt", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja", "chat_template.json",
            "pytorch_model.bin", "model.onnx", "flax_model.msgpack", "onnx/model.safetensors", "x-Q8_0.gguf",
            "original/consolidated.00.pth", "training_args.bin", "consolidated.safetensors", "model.fp16.safetensors");
        assertEquals("", choice.main());
        assertEquals(List.of("added_tokens.json", "chat_template.jinja", "chat_template.json", "config.json",
            "generation_config.json", "merges.txt", "special_tokens_map.json", "tokenizer.json", "tokenizer.model",
            "tokenizer_config.json", "vocab.json", "model.safetensors"), choice.files());
    }

    /// The files from which sentence-transformers makes embeddings. Weights of its modules are not read.
    @Test
    void selectsTheConfigsOfSentenceTransformers() throws HubException {
        ModelFiles choice = of("", "model.safetensors", "config.json", "modules.json", "sentence_bert_config.json",
            "sentence_xlm-roberta_config.json", "config_sentence_transformers.json", "1_Pooling/config.json",
            "2_Normalize/config.json", "3_Dense/config.json", "3_Dense/model.safetensors", "3_Dense/pytorch_model.bin",
            "onnx/config.json", "eval/1_Pooling/config.json");
        assertEquals(List.of("1_Pooling/config.json", "2_Normalize/config.json", "3_Dense/config.json", "config.json",
            "config_sentence_transformers.json", "modules.json", "sentence_bert_config.json",
            "sentence_xlm-roberta_config.json", "model.safetensors"), choice.files());
    }

    @Test
    void selectsAllShardsAndTheIndex() throws HubException {
        ModelFiles choice = of("", "config.json", "model.safetensors.index.json", "consolidated.safetensors",
            "model-00002-of-00002.safetensors", "model-00001-of-00002.safetensors");
        assertEquals(List.of("config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors"), choice.files());

        assertTrue(refusal(Kind.NOT_FOUND, "", "config.json", "model-00001-of-00002.safetensors")
            .contains("lacks model-00002-of-00002.safetensors"));
    }

    @Test
    void selectsFilesOfPyTorchWhereThereIsNothingElse() throws HubException {
        assertEquals(List.of("config.json", "pytorch_model.bin"),
            of("", "config.json", "pytorch_model.bin", "training_args.bin", "optimizer.pt").files());
        assertEquals(List.of("config.json", "pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin",
            "pytorch_model-00002-of-00002.bin"), of("", "config.json", "pytorch_model.bin.index.json",
            "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin").files());
        assertTrue(refusal(Kind.NOT_FOUND, "", "config.json", "pytorch_model-00001-of-00002.bin")
            .contains("lacks pytorch_model-00002-of-00002.bin"));
        assertEquals(List.of("config.json", "model.safetensors"),
            of("", "config.json", "pytorch_model.bin", "model.safetensors").files());
        assertEquals(List.of("adapter_config.json", "adapter_model.bin"),
            of("", "adapter_config.json", "adapter_model.bin").files());
    }

    @Test
    void selectsMistralsOwnForm() throws HubException {
        assertEquals(List.of("params.json", "tekken.json", "consolidated.safetensors"),
            of("", "params.json", "tekken.json", "consolidated.safetensors").files());
        assertEquals(List.of("consolidated.safetensors.index.json", "params.json",
            "consolidated-00001-of-00002.safetensors", "consolidated-00002-of-00002.safetensors"),
            of("", "params.json", "consolidated.safetensors.index.json", "lora.safetensors",
                "consolidated-00002-of-00002.safetensors", "consolidated-00001-of-00002.safetensors").files());
    }

    @Test
    void selectsADefaultGguf() throws HubException {
        assertEquals("m-Q4_K_M.gguf", of("", "m-Q8_0.gguf", "m-Q4_K_M.gguf", "m-Q4_K_S.gguf").main());
        assertEquals("m.q8_0.gguf", of("", "m.f16.gguf", "m.q8_0.gguf").main());
        assertEquals("m-f16.gguf", of("", "m-f16.gguf", "mmproj-m-f16.gguf", "m.imatrix.gguf").main());
        assertEquals("m-f16.gguf", of("", "m-f16.gguf", "m-mmproj-f16.gguf").main());
        assertEquals(List.of("m-Q8_0.gguf", "mmproj-m-F16.gguf"), of("Q8_0", "m-Q8_0.gguf", "m-Q6_K.gguf",
            "mmproj-m-BF16.gguf", "mmproj-m-F16.gguf", "other/mmproj-F16.gguf").files(), "the encoder of pictures");
        assertEquals(List.of("Q4_K_M/m-00001-of-00002.gguf", "Q4_K_M/m-00002-of-00002.gguf"),
            of("", "Q8_0/m.gguf", "Q4_K_M/m-00001-of-00002.gguf", "Q4_K_M/m-00002-of-00002.gguf").files());
        String message = refusal(Kind.NOT_FOUND, "", "m-Q5_0.gguf", "m-Q6_K.gguf");
        assertTrue(message.contains("m-Q5_0.gguf, m-Q6_K.gguf"), message);
    }

    @Test
    void selectsByNameOrTag() throws HubException {
        String[] names = {"config.json", "model.safetensors", "a.safetensors", "m-Q4_K_M.gguf", "m-Q4_K_S.gguf",
            "m-IQ4_XS.gguf", "other-Q6_K.gguf", "m-Q6_K.gguf", "big-00001-of-00002.gguf", "big-00002-of-00002.gguf"};
        assertEquals("m-Q4_K_S.gguf", of("q4_k_s", names).main());
        assertEquals("m-IQ4_XS.gguf", of("m-IQ4_XS.gguf", names).main());
        assertEquals(List.of("config.json", "a.safetensors"), of("a.safetensors", names).files());
        assertEquals("big-00001-of-00002.gguf", of("big-00002-of-00002.gguf", names).main());
        assertTrue(refusal(Kind.NOT_FOUND, "Q6_K", names).contains("m-Q6_K.gguf, other-Q6_K.gguf"));
        assertTrue(refusal(Kind.NOT_FOUND, "Q4_K", names).contains("m-Q4_K_M.gguf"), "a part of a tag is no tag");
        assertTrue(refusal(Kind.NOT_FOUND, "Q9", names).contains("model.safetensors"));
        assertTrue(refusal(Kind.REFUSED, "model.onnx", names).contains("safetensors"));
    }

    @Test
    void reportsMissingFiles() {
        assertTrue(refusal(Kind.NOT_FOUND, "", "config.json", "model.onnx").contains("model.onnx"));
        assertTrue(refusal(Kind.NOT_FOUND, "", "model.safetensors").contains("no config.json"));
        assertTrue(refusal(Kind.NOT_FOUND, "").contains("It holds: nothing"));
    }

    @Test
    void selectsAllShardsOfANamedShard() throws HubException {
        ModelFiles files = of("model-00001-of-00002.safetensors", "config.json", "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors", "model.safetensors.index.json");
        assertEquals("", files.main());
        assertEquals(List.of("config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors"), files.files());
        assertTrue(refusal(Kind.NOT_FOUND, "config.json", "config.json", "model.safetensors")
            .contains("leave it out"));
    }

    @Test
    @Timeout(60)
    void manyShardsTakeLinearTime() throws HubException {
        List<String> names = new ArrayList<>(List.of("config.json"));
        for (int i = 1; i <= 99_999; i++) {
            names.add("model-%05d-of-99999.safetensors".formatted(i));
        }
        assertEquals(100_000, ModelFiles.of(names, "", "here").files().size());
        names.replaceAll(name -> name.replace("model-", "part-"));
        assertEquals(100_000, ModelFiles.of(names, "", "here").files().size());
        names.replaceAll(name -> name.replace("safetensors", "gguf"));
        assertEquals(99_999, ModelFiles.of(names, "part-99999-of-99999.gguf", "here").files().size());
    }

    @Test
    void listsAFewFilesOnly() {
        String[] names = IntStream.range(0, 1000).mapToObj(i -> "some-file-" + i + ".txt").toArray(String[]::new);
        String message = refusal(Kind.NOT_FOUND, "", names);
        assertTrue(message.contains("some-file-4.txt and 995 more"), message);
    }
}
