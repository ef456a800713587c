namespace Checkpointing.SiloHost.Demo.Progress;

/// <summary>Where the demo tells what it does.</summary>
internal interface IDemoProgress
{
    /// <summary>Something happened.</summary>
    void Say(string line);

    /// <summary>Numbers have changed; called several times a second.</summary>
    void Show(DemoFigures figures);
}
