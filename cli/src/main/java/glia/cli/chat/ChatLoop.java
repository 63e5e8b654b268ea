package glia.cli.chat;

import glia.cli.answer.AnswerText;
import glia.cli.answer.StreamedAnswer;
import glia.cli.answer.UnknownCharacters;
import glia.cli.args.Arguments;
import glia.cli.args.UsageException;
import glia.cli.option.GenerationFlags;
import glia.cli.option.PictureFlags;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.cli.terminal.VisibleText;
import glia.cli.terminal.WordWrap;
import glia.engine.Answer;
import glia.engine.Chat;
import glia.engine.ChatFile;
import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.ScopeException;
import glia.engine.TextListener;
import glia.engine.grammar.Grammar;
import glia.engine.inspect.ModelSummary;
import glia.engine.schedule.Finish;
import glia.engine.state.ContextFullException;
import glia.engine.state.StateMemoryException;
import glia.io.Suggestions;
import glia.io.file.HomeFolder;
import glia.io.hub.ModelLocation;
import glia.io.picture.PictureException;
import glia.serve.mcp.ToolConversation;
import glia.serve.mcp.ToolServers;
import glia.text.template.ChatMessage;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// A chat: reads messages and commands, prints answers while they are generated.
public final class ChatLoop {
    private final Console console;
    private final Input input;
    private final LanguageModel model;
    private final ModelLocation choice;
    private final Chat chat;
    /// The form of each answer.
    private final Optional<Grammar> form;
    /// Whether a person types at a terminal and reads the answers there.
    private final boolean person;
    private Arguments arguments;
    /// Answers with tools; null without.
    private ToolConversation tools;
    /// Those of the next message.
    private final PictureFlags.Attached attached = new PictureFlags.Attached();
    /// The text of files before the first message; empty after it.
    private String text;
    private Answer last;
    private int exitCode = ExitCode.OK;

    /// @param choice the model's path and origin
    /// @param arguments the command line, whose options `/set` changes
    /// @param system the system prompt
    /// @param form the form of each answer; empty for free text
    /// @param text a text before the first message; may be empty
    public ChatLoop(Console console, Input input, LanguageModel model, ModelLocation choice, Arguments arguments,
                    Optional<String> system, Optional<Grammar> form, String text) {
        this.text = text;
        this.console = console;
        this.input = input;
        this.model = model;
        this.choice = choice;
        this.chat = model.chat();
        this.person = console.inIsTerminal() && console.outIsTerminal();
        this.arguments = arguments;
        this.form = form;
        chat.options(options(arguments));
        system.ifPresent(chat::system);
    }

    /// Lets the model call tools.
    ///
    /// @param servers the tools
    /// @param isApproved whether calls run without approval
    /// @throws IllegalArgumentException if the model has no chat template
    public ChatLoop use(ToolServers servers, boolean isApproved) {
        if (model.tools().isEmpty()) {
            throw new IllegalArgumentException("--mcp: the model has no chat template, so it takes no tools; use "
                    + "another model");
        }
        tools = new ToolConversation(model, chat, servers, ToolApproval.inChat(console, input, isApproved));
        note("Tools: " + String.join(", ", servers.names()));
        return this;
    }

    /// The options of answers.
    ///
    /// @throws IllegalArgumentException if they set an effort or limits of thinking and the model does not think
    private GenerationOptions options(Arguments words) {
        GenerationOptions options = GenerationFlags.of(words, model.options());
        model.requireThinking(options.thinking());
        return form.map(options::withGrammar).orElse(options);
    }

    /// Runs until the input ends or a command leaves.
    ///
    /// @return one of [ExitCode]: without a person, the first failure of an answer
    public int run() {
        greet();
        try (chat) {
            for (String message = next(); message != null; message = next()) {
                if (!message.isBlank() && !handle(message)) {
                    break;
                }
            }
        }
        return exitCode;
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
            if (model.template().isEmpty()) {
                note("Note: " + AnswerText.NO_TEMPLATE + ".");
            }
            return;
        }
        console.printBold(WordWrap.of(VisibleText.of(choice.explanation()), input.width()));
        console.out().println();
        ModelSummary facts = ModelSummary.of(model.model());
        note(facts.family() + ", " + Units.count(facts.parameters().total()) + " parameters, "
                + Units.bytes(facts.diskBytes()) + ", " + model.contextLength() + " tokens of context");
        if (!model.kernels().note().isEmpty()) {
            note(model.kernels().note());
        }
        if (model.template().isEmpty()) {
            note("Note: " + AnswerText.NO_TEMPLATE + ".");
        }
        model.scope().ifPresent(scope -> note("This model " + scope.summary() + ". It refuses other questions."));
        note("/help shows the commands, Ctrl-C stops an answer, Ctrl-D leaves.");
    }

    /// @return whether the chat goes on
    private boolean handle(String typed) {
        // The path of a dropped file may begin like a command.
        PictureFlags.Typed found = PictureFlags.typed(typed);
        String message = found.text();
        if (!found.files().isEmpty() && !message.startsWith("/")) {
            found.files().forEach(file -> attach(() -> attached.picture(file, model, arguments)));
            if (message.isEmpty()) {
                return true;
            }
        }
        if (!message.startsWith("/")) {
            UnknownCharacters.note(model.tokenizer(), message).ifPresent(this::note);
            ChatMessage question = attached.to(ChatMessage.user(text.isEmpty() ? message : text + "\n\n" + message));
            text = "";
            answer(listener -> tools == null ? chat.stream(question, listener) : tools.stream(question, listener));
            return true;
        }
        message = typed;
        String[] words = message.split("\\s+", 2);
        String rest = words.length > 1 ? words[1].strip() : "";
        Optional<ChatCommands> command = ChatCommands.of(words[0]);
        if (command.isEmpty() && GenerationFlags.named(words[0].substring(1)).isPresent()) {
            set(words[0].substring(1), rest);
            return true;
        }
        if (command.isEmpty()) {
            List<String> near = Suggestions.closest(words[0], ChatCommands.names());
            note("There is no command " + words[0] + (near.isEmpty() ? ";" : "; did you mean " + near.getFirst() + "?")
                    + " /help shows them all.");
            return true;
        }
        switch (command.get()) {
            case HELP -> console.out().print(ChatCommands.help(input.width()));
            case CLEAR -> clear();
            case REGENERATE -> regenerate();
            case UNDO -> undo();
            case SYSTEM -> system(rest);
            case IMAGE -> attach(() -> attached.picture(rest, model, arguments));
            case VIDEO -> attach(() -> attached.film(rest, model, arguments));
            case AUDIO -> attach(() -> attached.sound(rest, model, arguments));
            case SET -> set(rest);
            case THINKING -> thinking(rest);
            case SAVE -> save(rest);
            case LOAD -> load(rest);
            case STATS -> stats();
            case QUIT -> {
                return false;
            }
        }
        return true;
    }

    /// Adds a picture, a film or a sound to the next message.
    private void attach(Supplier<String> added) {
        try {
            note(added.get());
        } catch (IllegalArgumentException e) {
            fail(ExitCode.USAGE);
            note("Not added: " + e.getMessage() + ".");
        }
    }

    private void answer(Function<TextListener, Answer> ask) {
        StreamedAnswer streamed = new StreamedAnswer(console, input.width(),
                arguments.has(GenerationFlags.SHOW_THINKING), () -> { }) {
            @Override
            protected void folded(String summary) {
                note(summary + (person ? "; /thinking shows it" : ""));
            }

            @Override
            public void dropped(int numExchanges, int contextLength) {
                note("Dropped the " + (numExchanges == 1 ? "oldest exchange" : numExchanges + " oldest exchanges")
                        + " to fit the context of " + contextLength + " tokens: " + oldest(numExchanges));
            }
        };
        input.beginAnswer(streamed::stop);
        try {
            last = ask.apply(streamed);
            streamed.end();
            if (person) {
                note(AnswerText.summary(last));
            } else {
                AnswerText.note(last, GenerationFlags.setsMaxTokens(arguments)).ifPresent(text ->
                        note("Note: " + text + "."));
            }
            AnswerText.withoutForm(last, chat.options()).ifPresent(why -> {
                fail(ExitCode.FAILED);
                note("Note: " + why + ".");
            });
            if (last.finish() == Finish.CONTEXT) {
                note("The context of " + model.contextLength() + " tokens is full. The next message drops the oldest "
                        + "exchanges; glia chat --context N allows more, up to the model's limit.");
            }
        } catch (ScopeException | PictureException e) {
            fail(ExitCode.USAGE);
            note("No answer: " + e.getMessage() + ".");
        } catch (ContextFullException | StateMemoryException e) {
            fail(e instanceof ContextFullException ? ExitCode.USAGE : ExitCode.MEMORY);
            note("No answer: " + e.getMessage() + ". The chat is as before; /save FILE saves it, /clear starts over.");
        } finally {
            input.endAnswer();
        }
    }

    /// The beginnings of the user's first messages.
    private String oldest(int count) {
        return chat.messages().stream().filter(message -> message.role().equals("user")).limit(count)
                .map(message -> VisibleText.beginning(message.content())).collect(Collectors.joining("; "));
    }

    private void fail(int code) {
        exitCode = person || exitCode != ExitCode.OK ? exitCode : code;
    }

    private void clear() {
        chat.clear();
        note("Cleared.");
    }

    private void regenerate() {
        if (chat.messages().stream().noneMatch(message -> message.role().equals("user"))) {
            note("There is no message to answer.");
        } else {
            answer(chat::regenerate);
            if (person && chat.options().sampling().temperature() == 0) {
                note("Temperature 0 is greedy: the answer is the same. /temperature 0.8 varies it.");
            }
        }
    }

    private void undo() {
        List<ChatMessage> removed = chat.undo();
        note(removed.isEmpty() ? "There is no message to remove."
                : "Removed: " + VisibleText.beginning(removed.getFirst().content()));
    }

    private void system(String text) {
        if (text.isEmpty()) {
            console.out().println(chat.messages().stream().filter(message -> message.role().equals("system"))
                    .map(ChatMessage::content).findFirst().orElse("(none)"));
            return;
        }
        chat.system(text);
        note("System prompt set, chat cleared.");
    }

    /// Shows the last thinking; with a word, switches that of further answers on or off.
    private void thinking(String word) {
        boolean isOn = word.equals("on");
        if (isOn || word.equals("off")) {
            arguments = isOn ? arguments.with(GenerationFlags.SHOW_THINKING, word)
                    : arguments.without(GenerationFlags.SHOW_THINKING);
            note("Thinking is " + (isOn ? "shown." : "folded; /thinking shows the last one."));
        } else if (!word.isEmpty()) {
            note("/thinking takes on or off, or nothing; found '" + word + "'");
        } else if (last == null || last.thought().isEmpty()) {
            note(last == null ? "There is no answer yet." : "The model answered without thinking.");
        } else {
            console.printFaint(WordWrap.of(VisibleText.of(last.thought().text().strip()), input.width()));
            console.out().println();
            console.out().flush();
        }
    }

    private void set(String rest) {
        if (rest.isEmpty()) {
            console.out().print(GenerationFlags.table(chat.options()).text(input.width()));
            return;
        }
        String[] words = rest.split("\\s+", 2);
        set(words[0], words.length > 1 ? words[1] : "");
    }

    private void set(String name, String value) {
        try {
            Arguments changed = GenerationFlags.set(arguments, name, value);
            chat.options(options(changed));
            arguments = changed;
            note(arguments.has(GenerationFlags.named(name).orElseThrow()) ? "Set " + name + " to " + value + "."
                    : "Unset " + name + ".");
        } catch (UsageException | IllegalArgumentException e) {
            note(e.getMessage());
        }
    }

    private void stats() {
        Table table = new Table("ll").row("model", choice.path())
                .row("messages", chat.messages().size())
                .row("context", chat.length() + " of " + model.contextLength() + " tokens")
                .row("KV cache", Units.bytes(model.engine().stateBytes()));
        if (last != null) {
            table.row("last prompt", last.promptTokens() + " tokens, " + last.reusedTokens() + " of them cached, "
                    + Units.rate(last.promptTokensPerSecond()) + " tokens/s");
            table.row("last answer", AnswerText.rates(last));
        }
        console.out().print(table.text(input.width()));
    }

    private void save(String file) {
        if (file.isEmpty()) {
            note("/save needs the name of a new file: /save FILE");
            return;
        }
        try {
            ChatFile.write(HomeFolder.path(file), chat.messages());
            note("Saved " + Units.counted(chat.messages().size(), "message") + " to "
                    + HomeFolder.path(file).toAbsolutePath()
                    + ".");
        } catch (FileAlreadyExistsException e) {
            note("Not saved: " + file + " exists already; choose another name.");
        } catch (NoSuchFileException e) {
            note("Not saved: there is no folder " + HomeFolder.path(file).toAbsolutePath().getParent() + ".");
        } catch (IOException | InvalidPathException e) {
            note("Not saved: " + e.getMessage());
        }
    }

    private void load(String file) {
        if (file.isEmpty()) {
            note("/load needs the name of a file that /save wrote: /load FILE");
            return;
        }
        try {
            chat.restore(ChatFile.read(HomeFolder.path(file)));
            note("Loaded " + Units.counted(chat.messages().size(), "message") + ".");
        } catch (NoSuchFileException e) {
            note("Not loaded: there is no file " + file + ".");
        } catch (IOException | InvalidPathException e) {
            note("Not loaded: " + e.getMessage());
        }
    }

    private void note(String text) {
        if (person) {
            console.printDim(console.out(), WordWrap.of(VisibleText.of(text), input.width()));
        } else {
            console.err().println(text);
        }
    }
}
