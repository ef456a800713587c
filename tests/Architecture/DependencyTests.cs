using System.Reflection;
using System.Xml.Linq;

namespace Checkpointing.Architecture.Tests;

/// <summary>References point one way: Protocol → nothing; Abstractions → Orleans; Storage.* → Orleans; Runtime → Protocol and Abstractions.</summary>
public sealed class DependencyTests
{
    /// <summary>For each project what its assembly may reference besides the base class library, by the start of the name.</summary>
    public static TheoryData<string, string[]> Allowed => new()
    {
        { "Checkpointing.Protocol", [] },
        { "Checkpointing.Abstractions", ["Orleans."] },
        { "Checkpointing.Runtime", ["Orleans.", "Checkpointing.Protocol", "Checkpointing.Abstractions", "Microsoft.Extensions.", "System.IO.Hashing"] },
        { "Checkpointing.Storage.Sqlite", ["Orleans.", "Microsoft.Extensions.", "Microsoft.Data.Sqlite", "SQLitePCLRaw."] },
        { "Checkpointing.TestKit", ["Orleans.", "Checkpointing.Protocol", "Microsoft.Extensions."] },
    };

    /// <summary>The same by the projects: a reference that no code uses yet does not show in the assembly.</summary>
    public static TheoryData<string, string[]> AllowedProjects => new()
    {
        { "Checkpointing.Protocol", [] },
        { "Checkpointing.Abstractions", [] },
        { "Checkpointing.Runtime", ["Checkpointing.Abstractions", "Checkpointing.Protocol"] },
        { "Checkpointing.Storage.Sqlite", [] },
        { "Checkpointing.TestKit", ["Checkpointing.Protocol"] },
    };

    [Theory]
    [MemberData(nameof(Allowed))]
    public void An_assembly_references_only_what_lies_below_it(string assembly, string[] allowed)
    {
        var references = Assembly.Load(assembly).GetReferencedAssemblies().Select(reference => reference.Name!).Where(name => !IsBaseClassLibrary(name));
        Assert.DoesNotContain(references, name => !allowed.Any(start => name.StartsWith(start, StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(AllowedProjects))]
    public void A_project_references_only_projects_below_it(string project, string[] allowed)
    {
        var document = XDocument.Load(Repository.Projects("src").Single(file => Path.GetFileNameWithoutExtension(file) == project));
        var references = document.Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));
        Assert.Empty(references.Except(allowed));
    }

    [Fact]
    public void The_protocol_has_no_packages_but_analyzers()
    {
        var document = XDocument.Load(Repository.Projects("src").Single(file => Path.GetFileNameWithoutExtension(file) == "Checkpointing.Protocol"));
        Assert.DoesNotContain(document.Descendants("PackageReference"), package => package.Attribute("PrivateAssets")?.Value != "all");
    }

    [Fact]
    public void Every_library_is_judged()
    {
        var projects = Repository.Projects("src").Select(Path.GetFileNameWithoutExtension).Order();
        Assert.Equal(projects, Allowed.Select(row => row.Data.Item1).Order());
        Assert.Equal(projects, AllowedProjects.Select(row => row.Data.Item1).Order());
    }

    /// <summary>The algorithms are internal: what others see of them are errors.</summary>
    [Fact]
    public void The_protocol_shows_only_its_errors() =>
        Assert.Equal(["Checkpointing.Protocol.ProtocolInvariantViolatedException"], Assembly.Load("Checkpointing.Protocol").GetExportedTypes().Select(type => type.FullName));

    private static bool IsBaseClassLibrary(string name) =>
        (name.StartsWith("System.", StringComparison.Ordinal) && name != "System.IO.Hashing") || name is "System" or "mscorlib" or "netstandard";
}
