using Checkpointing.SiloHost.CommandLine;

return await HostCommand.Run(args);
