package glia.engine;

import glia.engine.grammar.Grammar;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.load.TextLoader;
import glia.engine.thinking.ThinkingOptions;
import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.gguf.GgufCheckpoint;
import glia.model.write.GgufModelWriter;
import glia.text.template.ChatMessage;
import glia.text.thinking.Effort;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What a model can do that can do little, so that it says so to other questions instead of answering them without
/// meaning. Such a refusal is an answer: its text is enforced by a grammar. It is data beside the weights: the file
/// `scope.json` of the model's folder; of a GGUF file `NAME.scope.json` beside it, or its key `glia.scope`.
///
/// ```json
/// {"summary": "adds numbers, as in \"1+2=\"", "questions": ["[0-9]+[+][0-9]+="], "instant": ["[0-9][+][0-9]="]}
/// ```
///
/// @param summary what it can do, as the end of a sentence that begins with the model
/// @param questions the forms of the questions that it answers, as regular expressions (ECMA-262)
/// @param instant those that it answers without thinking, which it was trained to do
public record ModelScope(String summary, List<Grammar> questions, List<Grammar> instant) {
    /// Copies the lists.
    public ModelScope {
        questions = List.copyOf(questions);
        instant = List.copyOf(instant);
    }

    /// The scope of a model; empty if it has none.
    ///
    /// @param model its folder or file
    /// @throws CheckpointException if what it says cannot be used
    public static Optional<ModelScope> of(Path model, Checkpoint checkpoint) throws CheckpointException {
        Path file = TextLoader.beside(model, GgufModelWriter.SCOPE_FILE);
        boolean isFile = Files.isRegularFile(file);
        if (!isFile && !(checkpoint instanceof GgufCheckpoint gguf && gguf.metadata().has(GgufModelWriter.SCOPE_KEY))) {
            return Optional.empty();
        }
        Config config = isFile ? Config.read(file)
                : Config.parse(model, ((GgufCheckpoint) checkpoint).metadata().string(GgufModelWriter.SCOPE_KEY));
        return Optional.of(new ModelScope(config.text("summary"), forms(config, "questions"),
                config.has("instant") ? forms(config, "instant") : List.of()));
    }

    private static List<Grammar> forms(Config config, String key) throws CheckpointException {
        List<Grammar> forms = new ArrayList<>();
        for (String pattern : config.strings(key)) {
            try {
                forms.add(Grammar.regex(pattern));
            } catch (GrammarException e) {
                throw config.error(key, e.getMessage());
            }
        }
        return forms;
    }

    private static Optional<String> lastQuestion(List<ChatMessage> conversation) {
        return conversation.reversed().stream().filter(message -> message.role().equals("user")).findFirst()
                .map(question -> question.content().strip());
    }

    /// What is said to the last question of a conversation in place of an answer; empty if the model can answer it.
    public Optional<String> refusal(List<ChatMessage> conversation) {
        return lastQuestion(conversation)
                .filter(question -> questions.stream().noneMatch(form -> form.matches(question)))
                .map(_ -> "This model " + summary + ". It cannot answer other questions.");
    }

    /// The options of an answer to a conversation: without thinking where the model answers without, and with the
    /// refusal as its form where it cannot answer.
    ///
    /// @throws ScopeException if it cannot, and the options have a form already, which leaves no room to say so
    public static GenerationOptions applied(LanguageModel model, List<ChatMessage> conversation,
            GenerationOptions options) {
        Optional<String> refusal = model.scope().flatMap(scope -> scope.refusal(conversation));
        if (refusal.isEmpty()) {
            boolean instant = model.scope().isPresent() && lastQuestion(conversation).filter(question ->
                    model.scope().get().instant.stream().anyMatch(form -> form.matches(question))).isPresent();
            return instant ? options.withThinking(ThinkingOptions.of(Effort.INSTANT)) : options;
        }
        if (options.grammar().isPresent()) {
            throw new ScopeException(refusal.get());
        }
        GenerationOptions refusing = options.withGrammar(Grammar.choices(List.of(refusal.get())));
        return model.thinking().format().isEmpty() ? refusing
                : refusing.withThinking(ThinkingOptions.of(Effort.INSTANT));
    }
}
