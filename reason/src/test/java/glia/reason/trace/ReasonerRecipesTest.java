package glia.reason.trace;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Workers;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.thinking.ThinkingTemplate;
import glia.text.tokenizer.Tokenizer;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RecipeStage;
import glia.train.recipe.RunFolder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReasonerRecipesTest {
    private static final int END = 1;
    private static final int USER = 2;
    private static final int ASSISTANT = 3;
    private static final int THINK = 4;
    private static final int ANSWER = 5;
    private static final int ONE = 24;

    @TempDir
    private Path folder;

    @Test
    void theFirstStageMakesTheModelOfTheOthers() throws Exception {
        List<RecipeStage> stages = RecipeStage.read("reasoner", List.of(
                "reasoner-drills.data.train=traces:drills:2 count=40"));
        assertEquals(List.of("reasoner-drills", "reasoner-traces", "reasoner-rejection", "reasoner-rl"),
                stages.stream().map(RecipeStage::name).toList());
        for (int i = 1; i < stages.size(); i++) {
            assertEquals(stages.get(i - 1).recipe().output().resolve("model").toString(),
                    stages.get(i).recipe().values().get("model.path"));
        }
        try (Workers workers = new Workers(1);
                RecipeRun run = RecipeRun.prepare(stages.getFirst().recipe(), new RunFolder(folder.resolve("run")),
                        KernelBackends.choose("auto", workers).kernels(), Path::of, Existing.REFUSE)) {
            assertEquals(2_676_288, run.parameters().total());
            assertTrue(run.notes().contains("40 chats"), run.notes().toString());
        }
        template(folder.resolve("run/start"));
    }

    @Test
    void theStagesOfR1BeginWithTheBaseModel() throws Exception {
        List<RecipeStage> stages = RecipeStage.read("r1", List.of());
        assertEquals(List.of("r1-cold-start", "r1-reasoning", "r1-rejection", "r1-preferences"),
                stages.stream().map(RecipeStage::name).toList());
        assertEquals(List.of("runs/reasoner-traces/model", "runs/r1-cold-start/model", "runs/reasoner-traces/model",
                "runs/r1-rejection/model"),
                stages.stream().map(stage -> stage.recipe().values().get("model.path")).toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "samples:x task=countdown:4 | found no count=",
        "samples:x count=3 | found no task=",
        "samples:x task=countdwn count=3 | countdwn",
        "samples:x task=countdown count=3 smples=2 | Did you mean samples?",
        "samples:x task=countdown count=3 direct=2 | from 0",
        "samples:x task=countdown count=0 | from 1",
        "samples:no/such/model task=countdown count=3 | no/such/model",
    })
    void errorsOfSamplesSayWhatIsExpected(String data, String expected) {
        CheckpointException e = assertThrows(CheckpointException.class, () -> {
            try (Workers workers = new Workers(1);
                    RecipeRun run = RecipeRun.prepare(RecipeStage.read("reasoner-drills", List.of("data.train=" + data))
                            .getFirst().recipe(), new RunFolder(folder.resolve("run")), KernelBackends.choose("auto",
                            workers).kernels(), Path::of, Existing.REFUSE)) {
                run.notes();
            }
        });
        assertTrue(e.getMessage().contains("data.train") && e.getMessage().contains(expected), e.getMessage());
    }

    /// The prompts of DeepSeek V3.1, with the tokens of this model.
    private static void template(Path start) throws Exception {
        Tokenizer tokenizer = Tokenizer.load(start);
        ChatTemplate template = ChatTemplate.find(start).orElseThrow();
        assertEquals(102, tokenizer.vocabSize());
        List<ChatMessage> chat = List.of(ChatMessage.user("1"));
        assertArrayEquals(new int[] {USER, ONE, ASSISTANT, THINK},
                template.encode(chat, RenderOptions.PROMPT, tokenizer));
        assertArrayEquals(new int[] {USER, ONE, ASSISTANT, ANSWER},
                template.encode(chat, RenderOptions.PROMPT.with("thinking", false), tokenizer));
        List<ChatMessage> two = List.of(ChatMessage.user("1"), ChatMessage.assistant("<think>\na\n</think>\nb"),
                ChatMessage.user("2"));
        assertEquals("<|user|>2<|assistant|><think>", template.render(two, RenderOptions.PROMPT),
                "each question is answered alone");
        assertEquals("<|user|>1<|assistant|></think>b<|end|><|user|>2<|assistant|><think>",
                template.render(two, RenderOptions.PROMPT.with("earlier_turns", true)),
                "earlier answers have no thoughts");
        assertEquals("\n</think>", ThinkingTemplate.of(template, RenderOptions.PROMPT).orElseThrow().forcedEnd());
        assertEquals(END, tokenizer.eos().orElseThrow());
        assertEquals("<think>\n", tokenizer.decode(new int[] {THINK, 6, END}, true), "decoded text shows thinking");
    }
}
