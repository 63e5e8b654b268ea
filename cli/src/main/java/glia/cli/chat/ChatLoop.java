package glia.cli.chat;

import glia.cli.answer.AnswerText;
import glia.cli.answer.StreamedAnswer;
import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.UsageException;
import glia.cli.option.GenerationFlags;
import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.cli.terminal.WordWrap;
import glia.engine.Answer;
import glia.engine.Chat;
import glia.engine.schedule.ContextFullException;
import glia.engine.schedule.Finish;
import glia.engine.LanguageModel;
import glia.engine.ModelFacts;
import glia.engine.state.StateMemoryException;
import glia.io.Suggestions;
import glia.io.hub.Choice;
import glia.text.template.ChatMessage;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;

/// A conversation: messages and commands come in, answers go out as they are made.
public final class ChatLoop {
    private final Console console;
    private final Input input;
    private final LanguageModel model;
    private final Choice choice;
    private final Chat chat;
    private final boolean person;
    private Arguments arguments;
    private Optional<String> system;
    private Answer last;

    /// @param choice which model it is
    /// @param arguments the command line, whose options `/set` changes
    /// @param system what the model shall be like
    public ChatLoop(Console console, Input input, LanguageModel model, Choice choice, Arguments arguments,
                    Optional<String> system) {
        this.console = console;
        this.input = input;
        this.model = model;
        this.choice = choice;
        this.chat = model.chat();
        this.person = console.inIsTerminal() && console.outIsTerminal();
        this.arguments = arguments;
        this.system = system;
        chat.options(GenerationFlags.of(arguments, model.options()));
        system.ifPresent(chat::system);
    }

    /// Goes on until there are no more messages.
    public void run() {
        greet();
        try (chat) {
            for (String message = next(); message != null; message = next()) {
                if (!message.isBlank() && !handle(message)) {
                    return;
                }
            }
        }
    }

    private String next() {
        if (person) {
            console.out().println();
        }
        return input.next();
    }

    private void greet() {
        if (!person) {
            console.err().println(choice.explanation());
            return;
        }
        console.out().println(console.bold(WordWrap.of(choice.explanation(), input.width())));
        ModelFacts facts = ModelFacts.of(model.model());
        note(facts.family() + ", " + Units.count(facts.parameters().total()) + " parameters, "
                + Units.bytes(facts.diskBytes()) + ", " + model.contextLength() + " tokens of context");
        if (!model.kernels().note().isEmpty()) {
            note(model.kernels().note());
        }
        if (model.template().isEmpty()) {
            note("This model has no chat template: it continues your words instead of answering them.");
        }
        note("/help shows the commands, Ctrl-C stops an answer, Ctrl-D leaves.");
    }

    /// @return whether the conversation goes on
    private boolean handle(String message) {
        if (!message.startsWith("/")) {
            answer(message);
            return true;
        }
        String[] words = message.split("\\s+", 2);
        String rest = words.length > 1 ? words[1].strip() : "";
        Optional<ChatCommands> word = ChatCommands.of(words[0]);
        if (word.isEmpty()) {
            List<String> near = Suggestions.closest(words[0], ChatCommands.names());
            note("There is no command " + words[0] + (near.isEmpty() ? ";" : "; did you mean " + near.getFirst() + "?")
                    + " /help shows them all.");
            return true;
        }
        switch (word.get()) {
            case HELP -> console.out().print(ChatCommands.help(input.width()));
            case RESET -> reset();
            case SYSTEM -> system(rest);
            case SET -> set(rest);
            case STATS -> stats();
            case SAVE -> save(rest);
            case EXIT -> {
                return false;
            }
        }
        return true;
    }

    private void answer(String message) {
        StreamedAnswer streamed = new StreamedAnswer(console, input.width());
        input.beginAnswer(streamed::stop);
        try {
            last = chat.stream(message, streamed);
            streamed.end();
            if (person) {
                note(AnswerText.summary(last));
            }
            if (last.finish() == Finish.CONTEXT) {
                note("The context of " + model.contextLength() + " tokens is full. The next message drops the oldest "
                        + "exchanges; glia chat --context N allows more, where the model can.");
            }
        } catch (ContextFullException | StateMemoryException e) {
            note("No answer: " + e.getMessage() + ". The conversation is as before; /save keeps it in a file, /reset "
                    + "begins anew.");
        } finally {
            input.endAnswer();
        }
    }

    private void reset() {
        chat.clear();
        note("Begun anew.");
    }

    private void system(String text) {
        if (text.isEmpty()) {
            console.out().println(system.orElse("(none)"));
            return;
        }
        system = Optional.of(text);
        chat.system(text);
        note("Begun anew, with this in mind.");
    }

    private void set(String rest) {
        String[] words = rest.split("\\s+", 2);
        if (rest.isEmpty()) {
            console.out().print(GenerationFlags.table(chat.options()).text(input.width()));
            return;
        }
        Optional<Option<?>> option = GenerationFlags.named(words[0]);
        try {
            if (option.isEmpty() || words.length < 2) {
                throw new UsageException(option.isEmpty() ? "There is no '" + words[0] + "' to set; /set shows all"
                        : words[0] + " needs a value: /set " + words[0] + " " + option.get().label());
            }
            Arguments changed = arguments.with(option.get(), words[1]);
            chat.options(GenerationFlags.of(changed, model.options()));
            arguments = changed;
        } catch (UsageException | IllegalArgumentException e) {
            note(e.getMessage());
        }
    }

    private void stats() {
        Table table = new Table("ll").row("model", choice.path())
                .row("messages", chat.messages().size())
                .row("context", chat.length() + " of " + model.contextLength() + " tokens")
                .row("cache", Units.bytes(model.engine().stateBytes()));
        if (last != null) {
            table.row("last prompt", last.promptTokens() + " tokens, " + last.reusedTokens() + " of them remembered, "
                    + Units.rate(last.promptTokensPerSecond()) + " tokens/s");
            table.row("last answer", AnswerText.rates(last));
        }
        console.out().print(table.text(input.width()));
    }

    private void save(String file) {
        StringBuilder text = new StringBuilder();
        for (ChatMessage message : chat.messages()) {
            text.append("## ").append(message.role()).append("\n\n").append(message.content().strip()).append("\n\n");
        }
        if (file.isEmpty()) {
            note("/save needs the name of a new file: /save FILE");
            return;
        }
        try {
            Files.writeString(Path.of(file), text, StandardOpenOption.CREATE_NEW);
            note("Saved " + Units.counted(chat.messages().size(), "message") + " in "
                    + Path.of(file).toAbsolutePath() + ".");
        } catch (FileAlreadyExistsException e) {
            note("Not saved: there is a file " + file + " already; name a new one.");
        } catch (NoSuchFileException e) {
            note("Not saved: there is no folder " + Path.of(file).toAbsolutePath().getParent() + ".");
        } catch (IOException | InvalidPathException e) {
            note("Not saved: " + e.getMessage());
        }
    }

    private void note(String words) {
        if (person) {
            console.out().println(console.dim(WordWrap.of(words, input.width())));
        } else {
            console.err().println(words);
        }
    }
}
