/// The `glia` command.
@SuppressWarnings("requires-automatic")
module glia.cli {
    requires glia.lab;
    requires glia.reason;
    requires glia.serve;
    requires info.picocli;
    requires org.jline;
}
