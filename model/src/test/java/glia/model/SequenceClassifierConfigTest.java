package glia.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.SequenceClassifier;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SequenceClassifierConfigTest {
    private static Config of(Map<String, ?> values) throws CheckpointException {
        return SequenceClassifier.config(Config.of(Path.of("config.json"), values), List.of("reward"));
    }

    /// The names of Transformers' classes.
    @ParameterizedTest
    @CsvSource({"LlamaForCausalLM, LlamaForSequenceClassification", "GPT2LMHeadModel, GPT2ForSequenceClassification",
        "BertModel, BertForSequenceClassification", "LlamaForSequenceClassification, LlamaForSequenceClassification"})
    void theClassIsThatOfTheModel(String model, String classifier) throws Exception {
        Config config = of(Map.of("architectures", List.of(model), "model_type", "other", "num_labels", 3));
        assertArrayEquals(new String[] {classifier}, config.strings("architectures"));
        assertEquals(Map.of("0", "reward"), config.child("id2label").values());
        assertFalse(config.has("num_labels"));
    }

    /// Configs that are made from GGUF metadata have no class.
    @Test
    void withoutAClassTheModelTypeNamesIt() throws Exception {
        for (Map<String, ?> values : List.of(Map.of("model_type", "llama"),
                Map.of("model_type", "llama", "architectures", List.of()))) {
            assertArrayEquals(new String[] {"LlamaForSequenceClassification"}, of(values).strings("architectures"));
        }
        assertTrue(assertThrows(CheckpointException.class, () -> of(Map.of())).getMessage().contains("model_type"));
    }
}
